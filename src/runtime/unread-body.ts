/**
 * Refusals over HTTP/2 that are ready before their request's body. Bun then resets the stream behind the
 * answer, as RFC 9113 (8.1) lets it, but older clients (curl 7.88 of Debian 12) drop the answer with it and
 * report an error of the protocol. So a short body is taken first, and dropped.
 */

/** A longer body would cost more than an answer that an old client does not see. */
const bytesMax = 1024 ** 2;

const waitMsMax = 2000;

/** The same answer, once the body of a refused request has arrived. */
export function afterBody(
  request: Request,
  answer: Response | Promise<Response>,
): Response | Promise<Response> {
  const send = (ready: Response) => (isEarly(request, ready) ? drained(request, ready) : ready);
  return answer instanceof Response ? send(answer) : answer.then(send);
}

function isEarly(request: Request, { status }: Response): boolean {
  if (status < 400 || request.bodyUsed) return false;
  const { body } = request;
  return body !== null && !body.locked;
}

async function drained({ body }: Request, answer: Response): Promise<Response> {
  const reader = body?.getReader();
  if (reader === undefined) return answer;
  const stop = () => void reader.cancel().catch(() => {});
  const timer = setTimeout(stop, waitMsMax);
  try {
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      if (bytes > bytesMax) {
        stop();
        break;
      }
    }
  } catch {
    // The client has left, and nobody reads the answer.
  } finally {
    clearTimeout(timer);
  }
  return answer;
}
