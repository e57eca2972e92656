package istio

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// lineups has a row for every filter: what it does wherever its manifests put it. A filter without one
// fails the test.
var lineups = map[string][]expectation{
	"fault-injection": {
		{
			what: "/ratings answered 503 by the filter", requests: 400, with: 0.5,
			request: func(int) *http.Request { return get("/ratings/1") },
			meets:   func(r reply) bool { return r.status == 503 && r.headers.Get("x-fault-injected") != "" },
		},
		{
			what: "/products answered by the backend", requests: 100, with: 1, without: 1,
			request: func(int) *http.Request { return get("/products") },
			meets:   fromBackend,
		},
		{
			what: "/reviews for jason after 2 s", requests: 5, with: 1,
			request: func(int) *http.Request { return get("/reviews/1", "end-user", "jason") },
			meets:   func(r reply) bool { return fromBackend(r) && r.held(2*time.Second) },
		},
		{
			what: "/reviews for others at once", requests: 50, with: 1, without: 1,
			request: func(int) *http.Request { return get("/reviews/1", "end-user", "jane") },
			meets:   func(r reply) bool { return fromBackend(r) && r.took < 2*time.Second },
		},
	},
	"routing-hints": {
		{
			what: "/dark marked for the mirroring route", requests: 100, with: 1,
			request: func(int) *http.Request { return get("/dark/1") },
			meets:   func(r reply) bool { return r.arrived().Headers.Get("x-mirror") == "true" },
		},
		{
			what: "others not marked, whatever they say", requests: 100, with: 1,
			request: func(int) *http.Request { return get("/products", "x-mirror", "true", "x-route", "v2") },
			meets: func(r reply) bool {
				headers := r.arrived().Headers
				return fromBackend(r) && headers.Get("x-mirror") == "" && headers.Get("x-route") == ""
			},
		},
		{
			what: "a cookie for those without a login", requests: 100, with: 1,
			request: func(int) *http.Request { return get("/products") },
			meets:   func(r reply) bool { return strings.HasPrefix(r.headers.Get("set-cookie"), "canary=") },
		},
		{
			what: "no cookie for those with one", requests: 100, with: 1, without: 1,
			request: func(int) *http.Request { return get("/products", "end-user", "jason") },
			meets:   func(r reply) bool { return fromBackend(r) && r.headers.Get("set-cookie") == "" },
		},
	},
	// In this order: ten refusals, and the caller is banned.
	"acl": {
		{
			what: "/products for everybody", requests: 100, with: 1, without: 1,
			request: func(int) *http.Request { return get("/products", "x-app", "jane") }, meets: fromBackend,
		},
		{
			what: "/admin refused", requests: 3, with: 1,
			request: func(int) *http.Request { return get("/admin/users") },
			meets:   func(r reply) bool { return r.status == 403 },
		},
		{
			what: "the application customer refused", requests: 3, with: 1,
			request: func(int) *http.Request { return get("/products", "x-app", "customer") },
			meets:   func(r reply) bool { return r.status == 403 },
		},
		{
			what: "EvilBot refused", requests: 3, with: 1,
			request: func(int) *http.Request { return get("/products", "user-agent", "EvilBot/1.0") },
			meets:   func(r reply) bool { return r.status == 403 },
		},
		{
			what: "a scanner waits 2 s for his 404", requests: 1, with: 1,
			request: func(int) *http.Request { return get("/wp-login.php") },
			meets:   func(r reply) bool { return r.status == 404 && r.held(2*time.Second) },
		},
		{
			what: "after so many refusals nothing passes", requests: 20, with: 1,
			request: func(int) *http.Request { return get("/products", "x-app", "jane") },
			meets:   func(r reply) bool { return r.status == 403 },
		},
	},
	"rate-limit-quota": {
		{
			what: "/ratings for others than reviews", requests: 100, with: 1, without: 1,
			request: func(int) *http.Request { return get("/ratings/1", "x-app", "productpage") }, meets: fromBackend,
		},
		{
			what: "/ratings for reviews: one of twenty within a second", requests: 20, with: 0.95,
			request: func(int) *http.Request { return get("/ratings/1", "x-app", "reviews") },
			meets: func(r reply) bool {
				return r.status == 429 && strings.Contains(r.headers.Get("ratelimit-policy"), `"requestcount";q=1;w=1`)
			},
		},
		{
			what: "/products for reviews", requests: 100, with: 1, without: 1,
			request: func(int) *http.Request { return get("/products", "x-app", "reviews") }, meets: fromBackend,
		},
	},
	"trace-propagation": {
		{
			what: "a trace begins, and both formats agree", requests: 100, with: 1,
			request: func(int) *http.Request { return get("/products") },
			meets: func(r reply) bool {
				b3 := r.arrived().Headers.Get("x-b3-traceid")
				return b3 != "" && b3 == r.arrived().traceID()
			},
		},
		{
			what: "a caller's trace goes on in both", requests: 100, with: 1,
			request: traced,
			meets:   func(r reply) bool { return r.arrived().Headers.Get("x-b3-traceid") == callersTrace },
		},
		{
			what: "a caller's trace stays", requests: 100, with: 1, without: 1,
			request: traced,
			meets:   func(r reply) bool { return r.arrived().traceID() == callersTrace },
		},
	},
}

// through is what filters do on both sides of an application that forwards only x-request-id.
var through = map[string][]expectation{
	"trace-propagation": {
		{
			what: "the caller's trace behind the application", requests: 100, with: 1,
			request: func(number int) *http.Request {
				request := traced(number)
				request.Header.Set("x-request-id", fmt.Sprintf("%08x-0000-4000-8000-%012x", number, time.Now().UnixNano()&0xffffffffffff))
				return request
			},
			meets: func(r reply) bool { return fromBackend(r) && r.arrived().traceID() == callersTrace },
		},
	},
}

// callersTrace is the trace that callers are in.
const callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

func traced(int) *http.Request {
	return get("/products", "traceparent", "00-"+callersTrace+"-00f067aa0ba902b7-01")
}
