-- Posts one body again and again, and counts the answers that are none.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
wrk.body = io.open(os.getenv("BODY")):read("*a")

local threads = {}
bad = 0

function setup(thread)
  table.insert(threads, thread)
end

function response(status, headers, body)
  if status ~= 200 or body:find('"errors"', 1, true) then
    bad = bad + 1
  end
end

function done(summary, latency, requests)
  local all = 0
  for _, thread in ipairs(threads) do
    all = all + thread:get("bad")
  end
  print(string.format("BAD ANSWERS: %d", all))
  print(string.format("P50 %.3fms P95 %.3fms", latency:percentile(50) / 1000, latency:percentile(95) / 1000))
end
