package istio

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// expectation is what a share of some requests meets where a filter is on, and where it is off.
type expectation struct {
	what string
	// requests is how many are sent, by a few clients at a time.
	requests int
	request  func(number int) *http.Request
	// meets says whether an answer is as expected.
	meets func(reply reply) bool
	// among makes meets anew for each lot of requests, where an answer is measured by others of its lot.
	among func() func(reply reply) bool
	// with and without are the shares, 0 to 1, that meet it.
	with, without float64
}

// reply is an answer as a client sees it.
type reply struct {
	status  int
	headers http.Header
	body    string
	took    time.Duration
	err     error
}

// held says whether the answer took so long. Envoy's event loop counts in coarse milliseconds, so that its
// timers, and a filter's with them, may come up to one early.
func (r reply) held(least time.Duration) bool {
	return r.took+time.Millisecond >= least
}

// get is a request without a host, which the lane gives.
func get(path string, headers ...string) *http.Request {
	request, err := http.NewRequest(http.MethodGet, "http://lane"+path, nil)
	if err != nil {
		panic(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return request
}

// sameVersion says whether the version is the one that answered first of a lot.
func sameVersion() func(reply) bool {
	var first atomic.Value
	return func(r reply) bool {
		version := r.arrived().Version
		first.CompareAndSwap(nil, version)
		return version != "" && first.Load() == version
	}
}

// fromBackend says whether the backend answered.
func fromBackend(r reply) bool {
	return r.status == 200 && r.arrived().Version != ""
}

// observe sends the requests along the lane and counts the answers that meet the expectation.
func (m *mesh) observe(way lane, expected expectation) (met int, sample reply) {
	const clients = 8
	var wait sync.WaitGroup
	var lock sync.Mutex
	numbers := make(chan int)
	client := m.client(way)
	meets := expected.meets
	if expected.among != nil {
		meets = expected.among()
	}
	for range clients {
		wait.Go(func() {
			for number := range numbers {
				answer := send(client, way, expected.request(number))
				lock.Lock()
				if meets(answer) {
					met++
				} else {
					sample = answer
				}
				lock.Unlock()
			}
		})
	}
	for number := range expected.requests {
		numbers <- number
	}
	close(numbers)
	wait.Wait()
	client.CloseIdleConnections()
	return met, sample
}

func send(client *http.Client, way lane, request *http.Request) reply {
	request.Host = cmp.Or(way.host, request.Host)
	begin := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body), time.Since(begin), err}
}

// within says whether 99.9 % of all runs see so many of this share, in the normal approximation.
func within(met, requests int, share float64) bool {
	const deviations = 3.2905
	mean := float64(requests) * share
	margin := deviations*math.Sqrt(mean*(1-share)) + 0.5
	return math.Abs(float64(met)-mean) <= margin
}

// figures are the rows of the table that a run prints.
type figures struct {
	rows []string
}

func (f *figures) add(manifest, what string, met, requests int, share float64) {
	f.rows = append(f.rows, fmt.Sprintf("| %s | %s | %d of %d | %g %% |", manifest, what, met, requests, share*100))
}

func (f *figures) print(t *testing.T) {
	t.Logf("\n| manifest | what | observed | expected |\n|---|---|---:|---:|\n%s", strings.Join(f.rows, "\n"))
}

// verify holds what is expected against traffic.
func (m *mesh) verify(t *testing.T, manifest string, way lane, expectations []expectation, on bool, table *figures) {
	t.Helper()
	for _, expected := range expectations {
		share := expected.without
		if on {
			share = expected.with
		}
		met, sample := m.observe(way, expected)
		table.add(manifest, expected.what, met, expected.requests, share)
		if !within(met, expected.requests, share) {
			t.Errorf("%s: %s: %d of %d, expected %g %%; another answer was %+v",
				manifest, expected.what, met, expected.requests, share*100, sample)
		}
	}
}

// arrived is the request as the backend saw it; an empty one if the backend saw none.
func (r reply) arrived() (request arrived) {
	_ = json.Unmarshal([]byte(r.body), &request)
	return request
}

// traceID is that of the request's traceparent.
func (a arrived) traceID() string {
	parts := strings.Split(a.Headers.Get("traceparent"), "-")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}
