/** Version of the JSON and text forms. Readers accept every older one through numbered upgrades. */
export const IR_VERSION = 1;
