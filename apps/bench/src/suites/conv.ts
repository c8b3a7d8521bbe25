import { type Convolution, convolution } from "../problems/convolution.js";
import { raceSuite } from "./race-suite.js";

/** Convolutions of one image with constant weights: the layers of ResNet-18 and of MobileNet at 224 × 224, some in groups, and some transposed. */
export const convSuite = raceSuite({
  name: "conv",
  summary: "the convolutions of ResNet-18 and MobileNet, in groups, and transposed; sizes are of images, 3x3 64->64",
  problems: (sizes) =>
    sizes?.map(([size]) => convolution(64, 64, size, 3)) ?? [...RESNET, ...MOBILENET, ...GROUPED, ...TRANSPOSED],
});

const half = { stride: 2 };

const RESNET: readonly Convolution[] = [
  convolution(3, 64, 224, 7, half),
  convolution(64, 64, 56, 3),
  convolution(64, 128, 56, 3, half),
  convolution(64, 128, 56, 1, half),
  convolution(128, 128, 28, 3),
  convolution(128, 256, 28, 3, half),
  convolution(128, 256, 28, 1, half),
  convolution(256, 256, 14, 3),
  convolution(256, 512, 14, 3, half),
  convolution(256, 512, 14, 1, half),
  convolution(512, 512, 7, 3),
];

const depthwise = (channels: number, size: number, stride = 1): Convolution =>
  convolution(channels, channels, size, 3, { group: channels, stride });

const MOBILENET: readonly Convolution[] = [
  depthwise(32, 112),
  convolution(32, 64, 112, 1),
  depthwise(64, 112, 2),
  convolution(64, 128, 56, 1),
  depthwise(128, 56),
  convolution(128, 128, 56, 1),
  depthwise(128, 56, 2),
  convolution(128, 256, 28, 1),
  depthwise(256, 28),
  convolution(256, 256, 28, 1),
  depthwise(256, 28, 2),
  convolution(256, 512, 14, 1),
  depthwise(512, 14),
  convolution(512, 512, 14, 1),
  convolution(512, 1024, 7, 1),
];

/** Groups of channels with filters of their own, as in ResNeXt. */
const GROUPED: readonly Convolution[] = [
  convolution(64, 64, 56, 3, { group: 4 }),
  convolution(128, 128, 56, 3, { group: 32 }),
  convolution(256, 256, 28, 3, { group: 32 }),
];

/** Twice the size in each direction, as in generators and segmentation. */
const TRANSPOSED: readonly Convolution[] = [
  convolution(64, 32, 28, 2, { stride: 2, pad: 0, transposed: true }),
  convolution(64, 32, 28, 3, { stride: 2, transposed: true }),
  convolution(64, 32, 28, 4, { stride: 2, pad: 1, transposed: true }),
  convolution(256, 128, 14, 4, { stride: 2, pad: 1, transposed: true }),
];
