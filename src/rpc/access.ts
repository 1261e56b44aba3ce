/** The caller of a call, and what each method needs of one. */

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { Caller } from "../core/access/caller.ts";
import type { Credentials, Guard } from "../core/access/guard.ts";
import { type Access, requireAccess } from "../core/access/need.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { requestIdHeader } from "../core/trace/request-id.ts";
import { reportedStatus } from "./failures.ts";
import { unlessAborted, untilAborted } from "./until-aborted.ts";

/** By path: `/package.Service/Method`. */
export type MethodAccess = ReadonlyMap<string, Access>;

/** The caller, or why the credentials are none: each protocol reports that in its own form. */
export type FoundCaller = Caller | Failure;

/** What each method of the service needs: a method without a declaration does not compile. */
export function serviceAccess<Service extends DescService>(
  service: Service,
  methods: Readonly<Record<keyof Service["method"], Access>>,
): MethodAccess {
  const declared = new Map(Object.entries<Access>(methods));
  return new Map(
    service.methods.flatMap((method) => {
      const access = declared.get(method.localName);
      return access === undefined ? [] : [[pathOfMethod(method), access] as const];
    }),
  );
}

export function pathOfMethod({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

/** At once where the guard knows the caller. Never throws or rejects. */
export function findCaller(
  guard: Guard,
  credentials: Credentials,
): FoundCaller | Promise<FoundCaller> {
  try {
    const caller = guard.caller(credentials);
    return caller instanceof Promise ? caller.catch(failureFrom) : caller;
  } catch (error) {
    return failureFrom(error);
  }
}

const notFound = new Failure("internal", "The gateway has not looked for the caller of this call");

const callerKey = createContextKey<FoundCaller>(notFound, { description: "caller" });

export function callerValues(found: FoundCaller): ContextValues {
  return createContextValues().set(callerKey, found);
}

/** Of a handler's `values`. Throws what was wrong with the credentials. */
export function callerOf(values: ContextValues): Caller {
  const found = values.get(callerKey);
  if (found instanceof Failure) throw found;
  return found;
}

/**
 * Refuses a call before any message of it is read: with wrong credentials, without any grant, or without
 * the one that no message names. A method that declares nothing is served to nobody.
 */
export function admitted(access: MethodAccess, path: string, found: FoundCaller): FoundCaller {
  if (found instanceof Failure) return found;
  try {
    requireBefore(access.get(path), found, path);
    return found;
  } catch (error) {
    return failureFrom(error);
  }
}

function requireBefore(access: Access | undefined, caller: Caller, path: string): void {
  if (access === undefined) {
    throw new Failure("forbidden", `Cannot call ${path}: it does not declare what it needs`);
  }
  if (access.kind === "public") return;
  const { action, resource, of } = access;
  if (caller.principal.grants.isEmpty) throw caller.refusal(action, resource, "*");
  if (!("param" in of)) requireAccess(access, caller, () => undefined);
}

/** Answers a call that was not admitted, as its protocol does, before connect-es reads its body. */
export function accessGate(
  logger: Logger,
): (context: Pick<HandlerContext, "method" | "values" | "requestHeader">) => void {
  return ({ method, values, requestHeader }) => {
    try {
      callerOf(values);
    } catch (error) {
      const requestId = requestHeader.get(requestIdHeader);
      throw reportedStatus(error, logger, pathOfMethod(method), requestId);
    }
  };
}

/** Time that streams have to end on their own, with their last position, when their caller's credential ends. */
const endingMs = 500;

/**
 * Asks for what a method needs of the names in its messages, and ends streams whose caller's credential has
 * ended: what they read at once, what they answer a moment later.
 */
export function accessInterceptor(access: MethodAccess): Interceptor {
  return (next) => async (request) => {
    const caller = callerOf(request.contextValues);
    const needed = access.get(pathOfMethod(request.method));
    const check = (message: object) => requireOf(needed, caller, message);
    if (!request.stream) {
      check(request.message);
      return await next(request);
    }
    const { reading, answering } = endSignals(caller, request.signal);
    const message = untilAborted(checked(request.message, check), [reading]);
    const response = await unlessAborted(answering, next({ ...request, message }));
    if (!response.stream) return response;
    return { ...response, message: untilAborted(response.message, [answering]) };
  };
}

function requireOf(access: Access | undefined, caller: Caller, message: object): void {
  if (access?.kind !== "grant" || !("param" in access.of)) return;
  requireAccess(access, caller, (param) => {
    const value: unknown = Reflect.get(message, param);
    // An empty name is none: such a call is about everything.
    return typeof value === "string" && value !== "" ? value : undefined;
  });
}

async function* checked<Message extends object>(
  messages: AsyncIterable<Message>,
  check: (message: Message) => void,
): AsyncGenerator<Message> {
  for await (const message of messages) {
    check(message);
    yield message;
  }
}

interface EndSignals {
  readonly reading: AbortSignal;
  readonly answering: AbortSignal;
}

/** `signal` aborts when the call is over. */
function endSignals(caller: Caller, signal: AbortSignal): EndSignals {
  const reading = new AbortController();
  const answering = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const forget = caller.onEnd((reason) => {
    reading.abort(reason);
    timer = setTimeout(() => answering.abort(reason), endingMs);
  });
  const over = () => {
    forget();
    clearTimeout(timer);
  };
  if (signal.aborted) over();
  else signal.addEventListener("abort", over, { once: true });
  return { reading: reading.signal, answering: answering.signal };
}
