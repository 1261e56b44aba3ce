/** SVG as PNG. The font comes along, so that the picture is the same on a machine without any. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { isExecutable, packageFile } from "../../core/build.ts";

const fontFiles = [
  packageFile("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  packageFile("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
].map((url) => fileURLToPath(url));

/** Twice as fine as the SVG's own pixels: screens are. */
const zoom = 2;

export function pngFromSvg(svg: string): Uint8Array {
  return withFonts((files) => {
    const image = new Resvg(svg, {
      fitTo: { mode: "zoom", value: zoom },
      font: { loadSystemFonts: false, fontFiles: files, defaultFontFamily: "DejaVu Sans" },
    });
    return image.render().asPng();
  });
}

/** Native code cannot read the files inside an executable. */
function withFonts<T>(use: (files: string[]) => T): T {
  if (!isExecutable) return use(fontFiles);
  const folder = mkdtempSync(join(tmpdir(), "sluice-fonts-"));
  try {
    const copies = fontFiles.map((file) => {
      const copy = join(folder, basename(file));
      writeFileSync(copy, readFileSync(file));
      return copy;
    });
    return use(copies);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
