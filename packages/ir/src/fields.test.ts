import { describe, expect, it } from "vitest";
import { FIELDS, type FieldsTable } from "./fields.js";
import { SCHEMA } from "./schema.js";

describe("FIELDS", () => {
  it("does not compile without a kind, or without a field that holds nodes", () => {
    const { For, ...withoutFor } = FIELDS;
    const { body, ...withoutBody } = For;
    // @ts-expect-error a kind is missing
    const noKind: FieldsTable = withoutFor;
    // @ts-expect-error a field of a kind is missing
    const noField: FieldsTable = { ...FIELDS, For: withoutBody };
    // @ts-expect-error `uses` is no role
    const noRole: FieldsTable = { ...FIELDS, For: { ...For, body: "uses" } };
    const whole: FieldsTable = FIELDS;
    expect([noKind, noField, noRole, whole]).toHaveLength(4);
    expect(body).toBe("use");
  });

  it("names only fields that the kind has, and the same kinds as the schema", () => {
    expect(Object.keys(SCHEMA).sort()).toEqual(Object.keys(FIELDS).sort());
    for (const [kind, roles] of Object.entries(FIELDS)) {
      const fields = Object.keys(SCHEMA[kind as keyof typeof SCHEMA]);
      for (const field of Object.keys(roles)) expect(fields, kind).toContain(field);
    }
  });
});
