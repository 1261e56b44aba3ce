/** SVG as PNG. The font comes along, so that the picture is the same on a machine without any. */

import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";

const fontFiles = [
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
].map((url) => fileURLToPath(url));

/** Twice as fine as the SVG's own pixels: screens are. */
const zoom = 2;

export function pngFromSvg(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans" },
  });
  return image.render().asPng();
}
