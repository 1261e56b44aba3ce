/** Certificates of both listeners, read again when their files change. */

import type { X509Certificate } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { TlsContext } from "../../core/tls/server.ts";
import type { TlsFiles } from "../config-tls.ts";
import { checkTls, readTls } from "./files.ts";

/**
 * Three small files a second cost nothing, and a look notices what events of the file system miss: mounted
 * secrets, network file systems, links that are exchanged.
 */
const pollMs = 1000;

export interface TlsSource extends Disposable {
  /** What the listeners start with. */
  readonly context: TlsContext;
  /** Calls back with each usable change, until this is disposed of. What the callback throws is tried again. */
  follow(apply: (context: TlsContext) => void): void;
  /** For `/status`. */
  status(): Readonly<Record<string, unknown>>;
}

export interface TlsSourceDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Throws `invalid` for files that cannot be used. */
export async function openTls(files: TlsFiles, deps: TlsSourceDeps): Promise<TlsSource> {
  const context = await readTls(files);
  return new FileSource(files, deps, context, checkTls(context, files));
}

class FileSource implements TlsSource {
  readonly #files: TlsFiles;
  readonly #deps: TlsSourceDeps;
  #context: TlsContext;
  #certificate: X509Certificate;
  /** What the last look found. Files are replaced one by one, so a find counts once it has stayed. */
  #seen: string;
  /** What was tried last: the same is not tried twice. */
  #tried: string;
  #applied: string;
  #problem: string | undefined;
  #changes = 0;
  #cancel = () => {};
  #isClosed = false;

  constructor(
    files: TlsFiles,
    deps: TlsSourceDeps,
    context: TlsContext,
    certificate: X509Certificate,
  ) {
    this.#files = files;
    this.#deps = deps;
    this.#context = context;
    this.#certificate = certificate;
    this.#seen = this.#tried = this.#applied = JSON.stringify(context);
  }

  get context(): TlsContext {
    return this.#context;
  }

  follow(apply: (context: TlsContext) => void): void {
    this.#cancel = this.#deps.clock.after(pollMs, () => {
      void this.#look(apply).then(() => {
        if (!this.#isClosed) this.follow(apply);
      });
    });
  }

  status() {
    return { ...this.#describe(), changes: this.#changes, problem: this.#problem ?? null };
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #describe() {
    const { subject, validToDate, fingerprint256 } = this.#certificate;
    return {
      subject: subject.replaceAll("\n", ", "),
      fingerprint: fingerprint256,
      expires: validToDate.toISOString(),
    };
  }

  async #look(apply: (context: TlsContext) => void): Promise<void> {
    const found = await readTls(this.#files).catch(failureFrom);
    const text = found instanceof Failure ? found.message : JSON.stringify(found);
    const isSettled = text === this.#seen;
    this.#seen = text;
    if (!isSettled || text === this.#tried || this.#isClosed) return;
    if (text === this.#applied) {
      this.#tried = text;
      this.#problem = undefined;
      return;
    }
    try {
      if (found instanceof Failure) throw found;
      const certificate = checkTls(found, this.#files);
      apply(found);
      this.#context = found;
      this.#certificate = certificate;
      this.#tried = this.#applied = text;
      this.#problem = undefined;
      this.#changes++;
      this.#deps.logger("info", "new connections get the new certificate", this.#describe());
    } catch (error) {
      const { code, message } = failureFrom(error);
      // What is wrong with files stays wrong until they change; a listener may succeed later.
      if (code === "invalid") this.#tried = text;
      if (message === this.#problem) return;
      this.#problem = message;
      this.#deps.logger("error", "the new certificate is refused; the old one goes on", {
        reason: message,
        ...this.#describe(),
      });
    }
  }
}
