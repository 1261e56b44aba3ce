-- The load of `sluice bench save` with wrk: POST /save with one measurement a request, each with its own time.
-- The first tag has 1 % of all measurements, the second 1 % of the rest, and so on.
--
--   wrk -t2 -c40 -d10s -s bench/save.lua http://127.0.0.1:9000/save -- tag- 10000
--
-- Its last line of output begins with "counted" and is JSON: what was answered, and how.

local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local share = math.log(1 - 0.01)
-- All as long as another: so is the request, and its head is made once.
local values = {}
local head, prefix, second, mass
local n = 0

function init(args)
  prefix = args[1] or "tag-"
  local tags = tonumber(args[2] or "10000")
  mass = 1 - math.exp(share * tags)
  math.randomseed(os.time() * 1000 + id)
  for i = 1, 64 do
    local drawn = {}
    for j = 1, 10 do drawn[j] = string.format("%06.2f", 100 + math.random() * 899) end
    values[i] = table.concat(drawn, ",")
  end
  head = string.format(
    "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
    wrk.path, wrk.host, wrk.port, #body())
end

function body()
  -- Of the present second, as producers' are; its nanoseconds count, so that no two have one time.
  if n % 64 == 0 then second = os.time() end
  n = n + 1
  local tag = math.floor(math.log(1 - math.random() * mass) / share) + 1
  return string.format('{"time":%d%09d,"tag":"%s%05d","values":[%s]}',
    second, (n * 256 + id) % 1e9, prefix, tag, values[n % 64 + 1])
end

function request()
  return head .. body()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'counted {"answers":%d,"refused":%d,"broken":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency.max))
end
