package istio

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// lineup is what a filter does to traffic: `istio.yaml` in its folder.
type lineup struct {
	// Everywhere holds wherever a manifest puts the filter.
	Everywhere []row `json:"everywhere"`
	// Through holds with the filter on both sides of an application that forwards only x-request-id.
	Through []row `json:"through"`
}

// row is an expectation as a file says it.
type row struct {
	What     string `json:"what"`
	Requests int    `json:"requests"`
	Request  struct {
		Path string `json:"path"`
		// Headers may hold ${unique}: twelve hexadecimal digits, others in every request.
		Headers map[string]string `json:"headers"`
	} `json:"request"`
	Expect struct {
		Status  int               `json:"status"`
		Headers map[string]wanted `json:"headers"`
		// Upstream says that the backend answered, and what headers had arrived there.
		Upstream map[string]wanted `json:"upstream"`
		After    string            `json:"after"`
		Within   string            `json:"within"`
	} `json:"expect"`
	// Share is the share of the requests, 0 to 1, that meets it with the filter and without.
	Share struct {
		With    *float64 `json:"with"`
		Without *float64 `json:"without"`
	} `json:"share"`
}

// wanted is what a header's value is to be; with nothing said, that it is there and not empty.
type wanted struct {
	Absent bool   `json:"absent"`
	Exact  string `json:"exact"`
	Prefix string `json:"prefix"`
	Regex  string `json:"regex"`
	// PartOf names another header, in whose value this one's occurs.
	PartOf string `json:"partOf"`
}

// lineupOf reads that of a filter. A filter without one fails the test.
func lineupOf(t *testing.T, filter string) (everywhere, through []expectation) {
	t.Helper()
	file := filepath.Join("filters", filter, "istio.yaml")
	var rows lineup
	if err := yaml.UnmarshalStrict([]byte(read(t, filepath.Join(root, file))), &rows); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	differs := false
	for _, row := range rows.Everywhere {
		expected := row.expectation(t, file)
		everywhere = append(everywhere, expected)
		differs = differs || expected.with != expected.without
	}
	if !differs {
		t.Fatalf("%s: with the filter all is as it is without", file)
	}
	for _, row := range rows.Through {
		through = append(through, row.expectation(t, file))
	}
	return everywhere, through
}

func (r row) expectation(t *testing.T, file string) expectation {
	t.Helper()
	if r.What == "" || r.Requests < 1 || r.Request.Path == "" || r.Share.With == nil || r.Share.Without == nil {
		t.Fatalf("%s: %q: what, requests, request.path and share.with and without are needed", file, r.What)
	}
	after, within := duration(t, file, r.Expect.After, 0), duration(t, file, r.Expect.Within, time.Hour)
	return expectation{
		what: r.What, requests: r.Requests, with: *r.Share.With, without: *r.Share.Without, request: r.request,
		meets: func(answer reply) bool { return r.meets(answer) && answer.held(after) && answer.took < within },
	}
}

func (r row) request(int) *http.Request {
	request := get(r.Request.Path)
	for name, value := range r.Request.Headers {
		unique := fmt.Sprintf("%012x", rand.Uint64N(1<<48))
		request.Header.Set(name, strings.ReplaceAll(value, "${unique}", unique))
	}
	return request
}

func (r row) meets(answer reply) bool {
	if r.Expect.Status != 0 && answer.status != r.Expect.Status {
		return false
	}
	if r.Expect.Upstream != nil && !fromBackend(answer) {
		return false
	}
	return answer.err == nil && all(r.Expect.Headers, answer.headers) && all(r.Expect.Upstream, answer.arrived().Headers)
}

func all(expected map[string]wanted, headers http.Header) bool {
	for name, wanted := range expected {
		if !wanted.by(headers.Get(name), headers) {
			return false
		}
	}
	return true
}

func (w wanted) by(value string, headers http.Header) bool {
	switch {
	case w.Absent:
		return value == ""
	case w.Exact != "":
		return value == w.Exact
	case w.Prefix != "":
		return strings.HasPrefix(value, w.Prefix)
	case w.Regex != "":
		return regexp.MustCompile(w.Regex).MatchString(value)
	case w.PartOf != "":
		return value != "" && strings.Contains(headers.Get(w.PartOf), value)
	}
	return value != ""
}

func duration(t *testing.T, file, text string, otherwise time.Duration) time.Duration {
	t.Helper()
	if text == "" {
		return otherwise
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return duration
}
