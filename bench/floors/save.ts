// The floor that `sluice bench save` is compared with: a bare `Bun.serve` route that parses the same
// body and answers 204. It checks and keeps nothing: the fastest server that could exist on this
// runtime.
//
//   bun bench/floors/save.ts     prints "floor ready http://127.0.0.1:<port>"

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  routes: {
    "/save": {
      POST: async (request) => {
        await request.json();
        return new Response(null, { status: 204 });
      },
    },
  },
});
process.stdout.write(`floor ready http://127.0.0.1:${server.port}\n`);

process.once("SIGTERM", () => process.exit(0));
