-- SPDX-License-Identifier: Apache-2.0
-- Asks for paths in turn; each answer names the backend, the method and the path it was asked for.
local expected = { ["/"] = "a", ["/exact"] = "b", ["/shop/books"] = "c", ["/shop/cart"] = "d" }
local paths = { "/", "/exact", "/shop/books", "/shop/cart" }
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  asked, answered, wrong = 0, 0, 0
end

function request()
  asked = asked + 1
  return wrk.format("GET", paths[asked % #paths + 1])
end

function response(status, headers, body)
  local backend, path = body:match("^(%S+) GET (%S+)")
  answered = answered + 1
  if status ~= 200 or backend ~= expected[path] then wrong = wrong + 1 end
end

function done(summary)
  local sum = { answered = 0, wrong = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
  end
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('\n{"answered":%d,"wrong":%d,"failed":%d}', sum.answered, sum.wrong, failed))
end
