export { addGradients, type GradientOptions, gradient } from "./gradients.js";
