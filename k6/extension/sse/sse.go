// Package sse gives k6 scripts Server-Sent Events as `k6/x/sse`. It has the interface of the public
// extension of that name, so that scripts run on a k6 with either.
package sse

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

func init() {
	modules.Register("k6/x/sse", new(root))
}

type root struct{}

// Module is what a virtual user imports.
type Module struct {
	vu     modules.VU
	events *metrics.Metric
}

// NewModuleInstance is called once for each virtual user.
func (*root) NewModuleInstance(vu modules.VU) modules.Instance {
	events, err := vu.InitEnv().Registry.NewMetric("sse_event", metrics.Counter)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &Module{vu: vu, events: events}
}

// Exports are the module's functions.
func (m *Module) Exports() modules.Exports {
	return modules.Exports{Default: map[string]any{"open": m.Open}}
}

// Event is what handlers of `event` get.
type Event struct {
	ID      string `js:"id"`
	Name    string `js:"name"`
	Data    string `js:"data"`
	Comment string `js:"comment"`
}

// Response is what `open` returns once the stream has ended.
type Response struct {
	URL     string            `js:"url"`
	Status  int               `js:"status"`
	Headers map[string]string `js:"headers"`
	Error   string            `js:"error"`
}

// Client is what the script's function gets.
type Client struct {
	handlers map[string][]sobek.Callable
	cancel   context.CancelFunc
}

// On adds a handler of `open`, `event` or `error`.
func (c *Client) On(name string, handler sobek.Value) {
	if call, ok := sobek.AssertFunction(handler); ok {
		c.handlers[name] = append(c.handlers[name], call)
	}
}

// Close ends the stream, and `open` returns.
func (c *Client) Close() {
	c.cancel()
}

// streamError has its text behind a method, as scripts call it: `e.error()`.
type streamError struct{ text string }

func (e streamError) Error() string { return e.text }

type request struct {
	method  string
	body    string
	headers map[string]string
	tags    *metrics.TagsAndMeta
}

// Open requests the stream, runs the script's function once to get its handlers, and calls these
// until the stream ends or the client is closed. It blocks the virtual user meanwhile.
func (m *Module) Open(url string, arguments ...sobek.Value) (*Response, error) {
	state := m.vu.State()
	if state == nil {
		return nil, common.NewInitContextError("sse.open cannot be called in the init context")
	}
	given, setUp, err := m.parse(state, url, arguments)
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithCancel(m.vu.Context())
	defer cancel()
	client := &Client{handlers: map[string][]sobek.Callable{}, cancel: cancel}
	if _, err := setUp(sobek.Undefined(), m.vu.Runtime().ToValue(client)); err != nil {
		return nil, err
	}

	began := time.Now()
	response, err := m.connect(ctx, state, url, given)
	if err != nil {
		if state.Options.Throw.Bool {
			return nil, err
		}
		return &Response{URL: url, Error: err.Error()}, m.call(client, "error", streamError{err.Error()})
	}
	defer func() { _ = response.Body.Close() }()
	answer := &Response{URL: url, Status: response.StatusCode, Headers: headersOf(response.Header)}
	defer m.count(state, given, answer.Status, began)

	if err := m.call(client, "open", nil); err != nil {
		return answer, err
	}
	err = m.read(ctx, state, given, client, response)
	if err != nil {
		answer.Error = err.Error()
	}
	var failed *handlerError
	if errors.As(err, &failed) {
		return answer, failed.cause
	}
	if err != nil {
		return answer, m.call(client, "error", streamError{err.Error()})
	}
	return answer, nil
}

func (m *Module) parse(
	state *lib.State, url string, arguments []sobek.Value,
) (*request, sobek.Callable, error) {
	if len(arguments) == 0 || len(arguments) > 2 {
		return nil, nil, errors.New("sse.open takes an address, perhaps parameters, and a function")
	}
	setUp, ok := sobek.AssertFunction(arguments[len(arguments)-1])
	if !ok {
		return nil, nil, errors.New("the last argument of sse.open is not a function")
	}
	tags := state.Tags.GetCurrentValues()
	given := &request{method: http.MethodGet, headers: map[string]string{}, tags: &tags}
	given.tags.SetSystemTagOrMetaIfEnabled(state.Options.SystemTags, metrics.TagURL, url)
	if len(arguments) == 1 || common.IsNullish(arguments[0]) {
		return given, setUp, nil
	}

	runtime := m.vu.Runtime()
	params := arguments[0].ToObject(runtime)
	for _, name := range params.Keys() {
		value := params.Get(name)
		switch name {
		case "method":
			given.method = value.String()
		case "body":
			given.body = value.String()
		case "headers":
			headers := value.ToObject(runtime)
			for _, header := range headers.Keys() {
				given.headers[header] = headers.Get(header).String()
			}
		case "tags":
			if err := common.ApplyCustomUserTags(runtime, given.tags, value); err != nil {
				return nil, nil, fmt.Errorf("the tags of sse.open cannot be used: %w", err)
			}
		}
	}
	return given, setUp, nil
}

func (m *Module) connect(
	ctx context.Context, state *lib.State, url string, given *request,
) (*http.Response, error) {
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		address := info.Conn.RemoteAddr().String()
		if colon := strings.LastIndex(address, ":"); colon > 0 {
			given.tags.SetSystemTagOrMetaIfEnabled(state.Options.SystemTags, metrics.TagIP, address[:colon])
		}
	}}
	body := strings.NewReader(given.body)
	httpRequest, err := http.NewRequestWithContext(
		httptrace.WithClientTrace(ctx, trace), given.method, url, body)
	if err != nil {
		return nil, err
	}
	httpRequest.Header.Set("Accept", "text/event-stream")
	httpRequest.Header.Set("Cache-Control", "no-cache")
	for name, value := range given.headers {
		httpRequest.Header.Set(name, value)
	}
	// k6's own transport has offered HTTP/2 in the configuration that it shares with this one, which
	// has one connection for each stream and does not speak it.
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if state.TLSConfig != nil {
		tlsConfig = state.TLSConfig.Clone()
	}
	tlsConfig.NextProtos = []string{"http/1.1"}
	// The dialer and TLS of the virtual user, without its limit of a request's duration.
	client := &http.Client{Transport: &http.Transport{
		DialContext:       state.Dialer.DialContext,
		TLSClientConfig:   tlsConfig,
		Proxy:             http.ProxyFromEnvironment,
		ForceAttemptHTTP2: false,
		DisableKeepAlives: true,
	}}
	if state.CookieJar != nil {
		client.Jar = state.CookieJar
	}
	return client.Do(httpRequest)
}

// handlerError is what a script's handler threw.
type handlerError struct{ cause error }

func (e *handlerError) Error() string { return e.cause.Error() }

func (m *Module) read(
	ctx context.Context, state *lib.State, given *request, client *Client, response *http.Response,
) error {
	if response.StatusCode != http.StatusOK {
		return nil
	}
	lines := newLineReader(response.Body)
	var parser parser
	for {
		line, err := lines.next()
		if err != nil {
			// The script closed the client, the test ends, or the server has ended the stream.
			if ctx.Err() != nil || errors.Is(err, errEnd) {
				return nil
			}
			return err
		}
		event, complete := parser.line(line)
		if !complete {
			continue
		}
		metrics.PushIfNotDone(ctx, state.Samples, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: m.events, Tags: given.tags.Tags},
			Time:       time.Now(),
			Metadata:   given.tags.Metadata,
			Value:      1,
		})
		if err := m.call(client, "event", event); err != nil {
			return &handlerError{err}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

func (m *Module) call(client *Client, name string, argument any) error {
	runtime := m.vu.Runtime()
	for _, handler := range client.handlers[name] {
		if _, err := handler(sobek.Undefined(), runtime.ToValue(argument)); err != nil {
			return err
		}
	}
	return nil
}

// count reports the stream as one request, as k6 does for others.
func (m *Module) count(state *lib.State, given *request, status int, began time.Time) {
	given.tags.SetSystemTagOrMetaIfEnabled(
		state.Options.SystemTags, metrics.TagStatus, strconv.Itoa(status))
	now := time.Now()
	sample := func(metric *metrics.Metric, value float64) metrics.Sample {
		return metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: metric, Tags: given.tags.Tags},
			Time:       now,
			Metadata:   given.tags.Metadata,
			Value:      value,
		}
	}
	metrics.PushIfNotDone(m.vu.Context(), state.Samples, metrics.ConnectedSamples{
		Samples: []metrics.Sample{
			sample(state.BuiltinMetrics.HTTPReqs, 1),
			sample(state.BuiltinMetrics.HTTPReqDuration, metrics.D(now.Sub(began))),
		},
		Tags: given.tags.Tags,
		Time: now,
	})
}

func headersOf(header http.Header) map[string]string {
	headers := make(map[string]string, len(header))
	for name, values := range header {
		headers[name] = strings.Join(values, ", ")
	}
	return headers
}

// parser puts lines together to events, as the WHATWG's HTML standard has it.
type parser struct {
	event Event
	data  bytes.Buffer
	any   bool
}

// line takes one line without its end. An event is complete with an empty line, if it has data.
func (p *parser) line(line []byte) (Event, bool) {
	if len(line) == 0 {
		event := p.event
		event.Data = strings.TrimSuffix(p.data.String(), "\n")
		complete := p.any
		p.event, p.any = Event{}, false
		p.data.Reset()
		return event, complete
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "":
		p.event.Comment = string(value)
	case "id":
		p.event.ID = string(value)
	case "event":
		p.event.Name = string(value)
	case "data":
		p.any = true
		p.data.Write(value)
		p.data.WriteByte('\n')
	}
	return Event{}, false
}
