// Stand-ins for the images of compose.yml, under their names: Debian's HAProxy and PostgreSQL, and a
// nats-server of its module. They do what compose.yml asks of the public ones, and no more.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildK6 } from "../examples.ts";
import { root } from "../install.ts";
import { findNatsServer } from "../services.ts";
import type { Engine } from "./engine.ts";
import { debianImage, ensureDebian, ensureStandIn } from "./stand-ins.ts";

const install = (...packages: readonly string[]) =>
  `RUN apt-get update -q && apt-get install -q -y --no-install-recommends ${packages.join(" ")} && rm -rf /var/lib/apt/lists/*`;

/** The part of the public image's entrypoint that compose.yml uses. */
const postgresEntrypoint = `#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \\
    --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options="-c listen_addresses=''" start >/dev/null
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --wait --mode=fast stop >/dev/null
fi
exec "$@" -c listen_addresses='*'
`;

const postgresFile = `FROM ${debianImage}
RUN groupadd --gid 70 postgres && useradd --uid 70 --gid 70 --home-dir /var/lib/postgresql postgres
${install("postgresql-15")}
RUN mkdir -p /var/lib/postgresql/data && chown postgres:postgres /var/lib/postgresql/data \\
 && chmod 3777 /run/postgresql
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
`;

const natsFile = `FROM ${debianImage}
${install("wget")}
COPY nats-server /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
`;

const k6File = `FROM ${debianImage}
COPY k6 /usr/local/bin/k6
ENTRYPOINT ["k6"]
`;

const curlFile = `FROM ${debianImage}
${install("curl")}
`;

const haproxyFile = `FROM ${debianImage}
${install("haproxy", "wget")}
ENTRYPOINT ["haproxy", "-W", "-db"]
CMD ["-f", "/usr/local/etc/haproxy/haproxy.cfg"]
`;

/** Names the images as compose.yml does, so that a new version there needs no change here. */
export async function ensureComposeImages(engine: Engine): Promise<void> {
  await ensureDebian(engine);
  const compose = readFileSync(join(root, "compose.yml"), "utf8");
  const named = (repository: string) => {
    const [image] = compose.match(new RegExp(`docker\\.io/${repository}:[\\w.-]+`)) ?? [];
    if (image === undefined) throw new Error(`compose.yml has no image ${repository}`);
    return image;
  };
  const nats = await findNatsServer();
  if ("reason" in nats) throw new Error(nats.reason);
  const k6 = await buildK6();
  if ("reason" in k6) throw new Error(k6.reason);
  const entrypoint = join(engine.folder, "postgres-entrypoint.sh");
  await Bun.write(entrypoint, postgresEntrypoint);
  const k6Image = "localhost/sluice-k6:latest";
  await ensureStandIn(engine, { image: k6Image, dockerfile: k6File, files: { k6: k6.path } });
  await ensureStandIn(engine, { image: named("curlimages/curl"), dockerfile: curlFile });
  await ensureStandIn(engine, { image: named("library/haproxy"), dockerfile: haproxyFile });
  await ensureStandIn(engine, {
    image: named("library/nats"),
    dockerfile: natsFile,
    files: { "nats-server": nats.path },
  });
  await ensureStandIn(engine, {
    image: named("timescale/timescaledb"),
    dockerfile: postgresFile,
    files: { "docker-entrypoint.sh": entrypoint },
  });
}
