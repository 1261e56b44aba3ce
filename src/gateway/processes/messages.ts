/** What the processes of one gateway say to each other, over the channel that their parent opened. */

/** What a process can be queried for. */
export type Query = "status" | "metrics" | "readinessQueried";

/** What differs from the settings of the environment, which every process reads itself. */
export interface Assignment {
  /** From 0; a process that is restarted keeps it. */
  readonly index: number;
  readonly count: number;
  readonly port: number;
  readonly grpcPort: number;
  /** Undefined where metrics have no port. */
  readonly metricsPort: number | undefined;
  readonly databaseUrl: string;
  readonly memoryBytes: number;
  readonly inFlightBytesMax: number;
}

export interface Answer {
  readonly index: number;
  readonly pid: number;
  /** How often this process was restarted. */
  readonly restarts: number;
  readonly value: unknown;
}

export type FromParent =
  | { readonly kind: "start"; readonly assignment: Assignment }
  | { readonly kind: "query"; readonly id: number; readonly query: Query }
  | { readonly kind: "gathered"; readonly id: number; readonly answers: readonly Answer[] }
  /** With a grace period where a balancer queries the readiness of any process. */
  | { readonly kind: "drain"; readonly withGrace: boolean };

export type FromChild =
  | { readonly kind: "ready"; readonly url: string; readonly grpcUrl: string }
  /** It ends because of this, before it was ready. */
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  /** The answers of all processes are requested. */
  | { readonly kind: "gather"; readonly id: number; readonly query: Query };
