import { describe, expect, test } from "bun:test";
import { parseConfig } from "../src/gateway/config.ts";
import { ConfigError } from "../src/gateway/settings.ts";

function problems(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
}

describe("settings", () => {
  test("are complete without any", () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      hostname: "127.0.0.1",
      port: 9000,
      grpcPort: 4025,
      dataDir: "./data",
      databaseUrl: undefined,
      databaseSchema: "sluice",
      natsUrl: undefined,
      createTopics: true,
    });
    expect(parseConfig({ SLUICE_PORT: "" }).port).toBe(9000);
  });

  test("have all their problems told at once", () => {
    const told = problems({
      SLUICE_PORT: "99999",
      SLUICE_GRPC_PORT: "-1",
      SLUICE_ADMIN_KEY: "secret",
      SLUICE_ANONYMOUS_GRANTS: "read everything",
      SLUICE_LOG_LEVEL: "loud",
      SLUICE_GUESTS: "maybe",
      SLUICE_PROT: "1",
      SLUICE_ORIGINS: "example.com",
      SLUICE_SERIES_RETENTION_MS: "60000",
      DATABASE_URL: "mysql://user:secret@host/db",
      NATS_URL: "nats://a:4222,http://b",
      KAFKA_BROKERS: "c:9092",
      SLUICE_DATABASE_SCHEMA: "Sluice",
      SLUICE_BASE_PATH: "tools",
    });
    expect(told.map((one) => String(one.split(/[=:\s]/)[0])).toSorted()).toEqual([
      "DATABASE_URL",
      "NATS_URL",
      "NATS_URL",
      "SLUICE_ADMIN_KEY",
      "SLUICE_ANONYMOUS_GRANTS",
      "SLUICE_BASE_PATH",
      "SLUICE_DATABASE_SCHEMA",
      "SLUICE_GRPC_PORT",
      "SLUICE_GUESTS",
      "SLUICE_LOG_LEVEL",
      "SLUICE_ORIGINS",
      "SLUICE_PORT",
      "SLUICE_PROT",
      "SLUICE_SERIES_RETENTION_MS",
    ]);
    expect(told.join()).not.toContain("secret");
  });

  test("a gateway that others can reach is closed, unless it is said that it is open", () => {
    const isOpen = (environment: Record<string, string>) =>
      parseConfig(environment).access.isOpenByDefault;
    expect(isOpen({ SLUICE_HOST: "10.0.0.1" })).toBe(false);
    expect(isOpen({ SLUICE_HOST: "10.0.0.1", SLUICE_INSECURE: "1" })).toBe(true);
    expect(isOpen({ SLUICE_HOST: "127.0.0.9" })).toBe(true);
  });

  test("hosts and origins are compared as URLs spell them", () => {
    const { hosts, origins } = parseConfig({
      SLUICE_HOSTS: "Gateway.Example, *.B.example, [fd00:0::5], 127.1",
      SLUICE_ORIGINS: "HTTPS://A.example:443/,http://b.example:8080, *",
    });
    expect(hosts).toEqual({
      names: ["gateway.example", "*.b.example", "[fd00::5]", "127.0.0.1", "127.0.0.1"],
      isReachable: false,
    });
    expect(origins).toEqual(["https://a.example", "http://b.example:8080", "*"]);
    for (const host of ["a.example:9000", "http://a.example", "a b", "fd00::5", "*a.example"]) {
      expect([host, problems({ SLUICE_HOSTS: host })]).toEqual([
        host,
        [expect.stringMatching(/^SLUICE_HOSTS: .* is not a host, expected one like /)],
      ]);
    }
    for (const origin of ["a.example", "https://a.example/x", "https://u@a.example", "null"]) {
      expect([origin, problems({ SLUICE_ORIGINS: origin }).length]).toEqual([origin, 1]);
    }
  });

  test("a schema is a plain name, and neither PostgreSQL's nor the one of landing tables", () => {
    const problem = (schema: string) => problems({ SLUICE_DATABASE_SCHEMA: schema }).length;
    for (const schema of ["sluice", "public", "a", "_b2", "x".repeat(40)]) {
      expect(problem(schema)).toBe(0);
    }
    for (const schema of ["2b", "a-b", 'a"b', "é", "x".repeat(41), "pg_x", "relations"]) {
      expect(problem(schema)).toBe(1);
    }
  });
});
