/**
 * What tests of pages share: one browser and one gateway a process, tabs that are closed after each test,
 * and complaints that fail it.
 */

import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser, openPage, type Watched } from "./browser.ts";
import { type GatewayOptions, type GatewayProcess, startGateway } from "./gateway.ts";
import { type Load, startLoad } from "./load.ts";
import { type TestDatabase, testPostgres } from "./postgres.ts";

/** What the console says while a gateway is away, or of a refusal that the page shows. */
export const lostOrRefused = /^Failed to load resource: |^WebSocket connection to /;

type Start<Gateway> = (options: GatewayOptions) => Promise<Gateway>;

interface PageRigOptions<Gateway extends GatewayProcess> {
  /** `startGateway` by default. */
  readonly start?: Start<Gateway>;
  /** Settings besides those of the rig. */
  readonly env?: Readonly<Record<string, string>>;
  /** A gateway that no other file fills: always so with `start` or `env`. */
  readonly isOwn?: boolean;
  /** Runs once the gateway is ready. */
  readonly prepare?: (gateway: Gateway) => Promise<unknown>;
  readonly prepareMsMax?: number;
  /** What pages may complain of, because it belongs to the tests. */
  readonly expected?: RegExp;
}

export interface OpenOptions extends BrowserContextOptions {
  /** As `PageRigOptions.expected`, for this page. */
  readonly expected?: RegExp;
}

export interface PageRig<Gateway extends GatewayProcess> {
  /** The one that runs now. */
  readonly gateway: Gateway;
  readonly databaseUrl: string;
  /** An empty tab, with cookies and connections apart from all others. */
  tab(options?: OpenOptions): Promise<Page>;
  /** A tab at this path of the gateway. */
  open(path: string, options?: OpenOptions): Promise<Page>;
  /**
   * Puts the gateway under load until the test ends, which fails if the load did. `key`: of a closed
   * gateway, with all grants.
   */
  load(key?: string): Promise<void>;
  /** As a crash does it. */
  kill(): Promise<void>;
  /** Starts the killed gateway again: the same data, and the same address unless `env` has another. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

/** Registers the hooks of the file, or of the `describe`, that calls it. */
export function pageRig<Gateway extends GatewayProcess>(
  options: PageRigOptions<Gateway> & { readonly start: Start<Gateway> },
): PageRig<Gateway>;
export function pageRig(
  options?: Omit<PageRigOptions<GatewayProcess>, "start">,
): PageRig<GatewayProcess>;
export function pageRig(options: PageRigOptions<GatewayProcess> = {}): PageRig<GatewayProcess> {
  const { start = startGateway, env = {}, prepare, prepareMsMax = 90_000 } = options;
  const isOwn = options.isOwn === true || options.start !== undefined || options.env !== undefined;
  const tabs: { readonly watched: Watched; readonly expected: RegExp | undefined }[] = [];
  let life: Life | undefined;
  let browser: Browser | undefined;
  let load: Load | undefined;

  const current = (): Life => {
    if (life === undefined) throw new Error("The gateway is not started before the tests begin");
    return life;
  };

  beforeAll(async () => {
    [life, browser] = await Promise.all([
      isOwn ? Life.begin(start, env) : sharedLife(),
      sharedBrowser(),
    ]);
    await prepare?.(life.gateway);
  }, prepareMsMax);

  afterEach(async () => {
    const opened = tabs.splice(0);
    // A page that is left open goes on reading, and takes from the others.
    await Promise.all(opened.map(({ watched }) => watched.page.context().close()));
    const ending = load;
    load = undefined;
    await ending?.stop();
    const complaints = opened.flatMap(({ watched, expected = options.expected }) =>
      watched.complaints.filter((text) => expected?.test(text) !== true),
    );
    expect(complaints).toEqual([]);
  });

  afterAll(async () => {
    if (isOwn) await life?.end();
    else if (life?.isKilled === true) await life.restart();
  }, 60_000);

  const tab = async ({ expected, ...context }: OpenOptions = {}): Promise<Page> => {
    const watched = await openPage(browser, current().gateway.url, context);
    tabs.push({ watched, expected });
    return watched.page;
  };
  return {
    get gateway() {
      return current().gateway;
    },
    get databaseUrl() {
      return current().database.url;
    },
    tab,
    async open(path, given) {
      const page = await tab(given);
      await page.goto(current().gateway.url + path, { waitUntil: "commit" });
      return page;
    },
    async load(key) {
      load = await startLoad(current().gateway, key);
    },
    kill: () => current().kill(),
    restart: (given) => current().restart(given),
  };
}

/** A gateway and its database, through deaths of the gateway. */
class Life {
  readonly #start: Start<GatewayProcess>;
  readonly #env: Readonly<Record<string, string>>;
  readonly database: TestDatabase;
  readonly #port: string;
  #isKilled = false;
  gateway: GatewayProcess;

  private constructor(
    start: Start<GatewayProcess>,
    env: Readonly<Record<string, string>>,
    database: TestDatabase,
    gateway: GatewayProcess,
  ) {
    this.#start = start;
    this.#env = env;
    this.database = database;
    this.#port = new URL(gateway.url).port;
    this.gateway = gateway;
  }

  static async begin(
    start: Start<GatewayProcess>,
    given: Readonly<Record<string, string>>,
  ): Promise<Life> {
    const database = await (await testPostgres()).createDatabase();
    const env = { DATABASE_URL: database.url, ...given };
    return new Life(start, env, database, await start({ env }));
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    await this.gateway.kill9();
  }

  async restart(given: Readonly<Record<string, string>> = {}): Promise<void> {
    const { dataDir } = this.gateway;
    const env = { ...this.#env, SLUICE_PORT: this.#port, ...given };
    this.gateway = await this.#start({ env, dataDir });
    this.#isKilled = false;
  }

  async end(): Promise<void> {
    await this.gateway.stop();
    await this.database.drop();
  }
}

let life: Promise<Life> | undefined;

/** The open gateway of this process, which ends with it. */
function sharedLife(): Promise<Life> {
  return (life ??= Life.begin(startGateway, {}));
}

let launched: Promise<Browser | undefined> | undefined;

/** The browser of this process, which ends with it. */
async function sharedBrowser(): Promise<Browser | undefined> {
  const browser = await (launched ??= launchBrowser());
  if (browser === undefined || browser.isConnected()) return browser;
  return await (launched = launchBrowser());
}
