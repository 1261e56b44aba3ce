/** One message on a WebSocket that was opened with a key, and how it was answered. */

import { within } from "../../support/until.ts";

const waitMs = 10_000;

/** The code of the problem; `allowed` for any other answer. */
export async function answerOnSocket(url: string, key: string, message: unknown): Promise<string> {
  const socket = openWith(url, { authorization: `Bearer ${key}` });
  try {
    const answer = new Promise<string>((resolve, reject) => {
      socket.addEventListener("open", () => socket.send(JSON.stringify(message)));
      socket.addEventListener("message", ({ data }) => resolve(String(data)));
      socket.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
    });
    const given = JSON.parse(await within("an answer on the socket", waitMs, answer)) as Answer;
    return given.problem?.code ?? "allowed";
  } finally {
    socket.close();
  }
}

interface Answer {
  readonly problem?: { readonly code: string };
}

/** Bun's takes headers, which those of browsers cannot send. */
function openWith(url: string, headers: Readonly<Record<string, string>>): WebSocket {
  const options: object = { headers };
  return new WebSocket(url, options as string[]);
}
