#!/bin/sh
# Makes the secrets of compose.yml, once: what is there already stays. Then `docker compose up`.
#
#   sh deploy/compose/secrets.sh [name…]      names of the certificate beyond localhost
#
# Everything is in deploy/secrets/, which only its owner may enter. The files in it are readable, because
# containers mount them and run as other users. For a certificate of your own, replace tls/tls.crt and
# tls/tls.key, and run `cat tls.crt tls.key > sluice.pem` beside them.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets/tls secrets/nats
cd secrets

put() { [ -e "$1" ] || cat > "$1"; }

for name in admin.key postgres.password grafana.password nats.password nats-routes.password; do
  # In two steps: without openssl this ends here, and leaves no empty password behind.
  random=$(openssl rand -hex 32)
  echo "$random" | put $name
done

nats=$(cat nats.password)
routes=$(cat nats-routes.password)
put nats/clients.conf << END
authorization { user: sluice, password: "$nats" }
END
put nats/cluster.conf << END
authorization { user: routes, password: "$routes" }
routes: [
  "nats://routes:$routes@nats-1:6222"
  "nats://routes:$routes@nats-2:6222"
  "nats://routes:$routes@nats-3:6222"
]
END
put gateway.env << END
DATABASE_URL=postgres://sluice:$(cat postgres.password)@postgres:5432/sluice
NATS_URL=nats://sluice:$nats@nats-1:4222,nats://sluice:$nats@nats-2:4222,nats://sluice:$nats@nats-3:4222
END

if [ ! -e tls/tls.crt ]; then
  names=DNS:localhost,DNS:balancer,IP:127.0.0.1
  for name in "$@"; do names=$names,DNS:$name; done
  openssl req -x509 -nodes -days 365 -subj /CN=sluice -addext "subjectAltName=$names" \
    -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout tls/tls.key -out tls/tls.crt 2> openssl.log ||
    { cat openssl.log >&2; exit 1; }
  rm openssl.log
fi
[ -e tls/sluice.pem ] || cat tls/tls.crt tls/tls.key > tls/sluice.pem

chmod 755 tls nats
chmod 444 admin.key ./*.password ./*.env tls/* nats/*
chmod 700 .
echo "The secrets are in $PWD. The key for everything, in the sign-in page and for SLUICE_KEY: $PWD/admin.key"
