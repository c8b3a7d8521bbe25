import { checkPeer } from "../../test/check-peer.js";
import { onnxruntimeNode, onnxruntimeWeb } from "./onnxruntime.js";

checkPeer(onnxruntimeWeb, ["gemm", "convolution", "row-operation", "inference"]);
checkPeer(onnxruntimeNode, ["gemm", "convolution", "row-operation", "inference"]);
