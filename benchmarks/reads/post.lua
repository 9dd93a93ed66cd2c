-- Posts one body again and again, and counts the answers that are none.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
wrk.body = io.open(os.getenv("BODY")):read("*a")

-- A change is another one each time: other leads in each second, to the stage after the one they are in. The
-- dataset has lead n in stage n % 4 + 1.
local LEADS = 100000
local began = os.time() - tonumber(os.getenv("SINCE"))
local number = 0
local changes = wrk.body:find("LEAD", 1, true) and wrk.body:find("STAGE", 1, true)

function request()
  if not changes then
    return wrk.format()
  end
  local lead = (began * 1000 + number) % LEADS + 1
  local stage = (lead + 1 + math.floor(began * 1000 / LEADS)) % 4 + 1
  number = number + 1
  return wrk.format(nil, nil, nil, (wrk.body:gsub("LEAD", lead):gsub("STAGE", stage)))
end

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
