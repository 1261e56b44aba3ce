// The load of `sluice bench collect`: grpc-go clients that send records to
// sluice.v1.CollectorService and wait until all are acknowledged.
//
// It is a program of its own, in Go, because the load must not be what is measured: a client on the
// gateway's runtime costs several times what this one does. Messages are encoded once and sent as
// bytes, so a record costs little more than its frame.
//
// It writes one JSON object a line to standard output: {"sent":n} while it runs, then its result.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	service       = "/sluice.v1.CollectorService/"
	sizeMin       = 126
	sizeMax       = 254
	openedAtOnce  = 200
	openWithin    = 30 * time.Second
	reportEvery   = 100 * time.Millisecond
	failuresShown = 5
)

type options struct {
	address     string
	topic       string
	connections int
	records     int
	batch       int
	unary       bool
	calls       int
	// key is the credential of each call; empty: none.
	key string
}

// result is the last line of the output.
type result struct {
	// Seconds from the first record to the last answer.
	Seconds  float64 `json:"seconds"`
	Accepted uint64  `json:"accepted"`
	Refused  uint64  `json:"refused"`
	// CPUSeconds is this process's own cost.
	CPUSeconds float64 `json:"cpu_seconds"`
}

func main() {
	var o options
	flag.StringVar(&o.address, "address", "127.0.0.1:4025", "host:port of the gRPC listener")
	flag.StringVar(&o.topic, "topic", "bench", "topic of the records")
	flag.IntVar(&o.connections, "connections", 250, "connections; each has one client stream")
	flag.IntVar(&o.records, "records", 1_000_000, "records in all")
	flag.IntVar(&o.batch, "batch", 1, "records per message or call")
	flag.BoolVar(&o.unary, "unary", false, "calls of Publish instead of streams")
	flag.IntVar(&o.calls, "calls", 8, "unary calls under way at once on each connection")
	flag.Parse()
	// Not an option: the arguments of a process are there for everybody to read.
	o.key = os.Getenv("SLUICE_KEY")
	measured, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	print(measured)
}

func run(o options) (result, error) {
	connections, err := openAll(o)
	defer func() {
		for _, c := range connections {
			if c != nil {
				c.conn.Close()
			}
		}
	}()
	if err != nil {
		return result{}, err
	}
	load := &load{options: o, requests: requests(o.batch)}
	stop := load.report()
	defer stop()
	cpu, start := cpuSeconds(), time.Now()
	var done sync.WaitGroup
	for i, c := range connections {
		done.Go(func() { load.send(c, i) })
	}
	done.Wait()
	seconds := time.Since(start).Seconds()
	if err := load.failure(); err != nil {
		return result{}, err
	}
	return result{seconds, load.accepted.Load(), load.refused.Load(), cpuSeconds() - cpu}, nil
}

type connection struct {
	conn *grpc.ClientConn
	// stream is nil where calls are unary.
	stream grpc.ClientStream
}

// openAll opens every connection, and its stream, before anything is sent.
func openAll(o options) ([]*connection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openWithin)
	defer cancel()
	connections := make([]*connection, o.connections)
	failed := make(chan error, o.connections)
	places := make(chan struct{}, openedAtOnce)
	var opening sync.WaitGroup
	for i := range connections {
		opening.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			c, err := open(ctx, o)
			connections[i] = c
			if err != nil {
				failed <- fmt.Errorf("connection %d of %d was not opened: %w", i+1, o.connections, err)
			}
		})
	}
	opening.Wait()
	close(failed)
	// Nil where the channel is empty.
	return connections, <-failed
}

func open(ctx context.Context, o options) (*connection, error) {
	conn, err := grpc.NewClient(
		"passthrough:///"+o.address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(key(o.key)),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})),
		grpc.WithReadBufferSize(4096),
		grpc.WithWriteBufferSize(16*1024),
	)
	if err != nil {
		return nil, err
	}
	conn.Connect()
	for state := conn.GetState(); state.String() != "READY"; state = conn.GetState() {
		if state.String() == "TRANSIENT_FAILURE" {
			conn.Close()
			return nil, errors.New("the connection was refused")
		}
		if !conn.WaitForStateChange(ctx, state) {
			conn.Close()
			return nil, ctx.Err()
		}
	}
	c := &connection{conn: conn}
	if !o.unary {
		// Not the opening's context: the stream outlives it.
		c.stream, err = conn.NewStream(context.Background(), &grpc.StreamDesc{ClientStreams: true}, service+"Collect")
	}
	return c, err
}

// load is what all connections do together.
type load struct {
	options
	requests [][]byte
	sent     atomic.Int64
	accepted atomic.Uint64
	refused  atomic.Uint64
	mutex    sync.Mutex
	failures map[string]int
}

// send sends the share of one connection and waits for its answers.
func (l *load) send(c *connection, index int) {
	messages := l.records / l.batch
	share := (index+1)*messages/l.connections - index*messages/l.connections
	if l.unary {
		l.sendCalls(c, index, share)
	} else {
		l.sendStream(c, index, share)
	}
}

func (l *load) sendStream(c *connection, index, messages int) {
	for k := range messages {
		body := l.requests[(index+k)%len(l.requests)]
		if k == 0 {
			// The topic is named once; it holds for the messages that follow.
			body = withTopic(body, l.topic)
		}
		if c.stream.SendMsg(&body) != nil {
			break // The answer has the reason.
		}
		l.sent.Add(int64(l.batch))
	}
	var answer []byte
	err := c.stream.CloseSend()
	if err == nil {
		err = c.stream.RecvMsg(&answer)
	}
	l.answered(answer, err)
}

func (l *load) sendCalls(c *connection, index, messages int) {
	var next atomic.Int64
	var done sync.WaitGroup
	for range l.calls {
		done.Go(func() {
			for k := int(next.Add(1)) - 1; k < messages; k = int(next.Add(1)) - 1 {
				body := withTopic(l.requests[(index+k)%len(l.requests)], l.topic)
				var answer []byte
				err := c.conn.Invoke(context.Background(), service+"Publish", &body, &answer)
				if !l.answered(answer, err) {
					return
				}
				l.sent.Add(int64(l.batch))
			}
		})
	}
	done.Wait()
}

// answered adds what a CollectResponse or PublishResponse says; false where the call failed.
func (l *load) answered(answer []byte, err error) bool {
	for len(answer) > 0 && err == nil {
		number, kind, n := protowire.ConsumeTag(answer)
		m := protowire.ConsumeFieldValue(number, kind, answer[max(n, 0):])
		if n < 0 || m < 0 {
			err = errors.New("the answer cannot be parsed")
			break
		}
		value, _ := protowire.ConsumeVarint(answer[n:])
		if kind == protowire.VarintType && number == 1 {
			l.accepted.Add(value)
		} else if kind == protowire.VarintType && number == 2 {
			l.refused.Add(value)
		}
		answer = answer[n+m:]
	}
	if err == nil {
		return true
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.failures == nil {
		l.failures = map[string]int{}
	}
	l.failures[err.Error()]++
	return false
}

func (l *load) failure() error {
	if len(l.failures) == 0 {
		return nil
	}
	var all []string
	for why, times := range l.failures {
		all = append(all, fmt.Sprintf("%d × %s", times, why))
	}
	sort.Strings(all)
	return fmt.Errorf("calls failed: %s", strings.Join(all[:min(len(all), failuresShown)], "; "))
}

// report prints how much was sent, until stop is called.
func (l *load) report() (stop func()) {
	ticker, end := time.NewTicker(reportEvery), make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() {
		for {
			select {
			case <-ticker.C:
				print(map[string]int64{"sent": l.sent.Load()})
			case <-end:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(end)
		reporting.Wait()
	}
}

// requests are of batch records each, every size from 126 to 254 bytes as often as any other.
func requests(batch int) [][]byte {
	const sizes = sizeMax - sizeMin + 1
	// Prime to the number of sizes: large and small ones take turns.
	const stride = 50
	all := make([][]byte, sizes)
	for i := range all {
		for k := range batch {
			all[i] = append(all[i], record(sizeMin+(i*batch+k)*stride%sizes)...)
		}
	}
	return all
}

// record is one element of the field `records`, size bytes in all, with a value that no log can shrink.
func record(size int) []byte {
	inner := size - 1 - lengthBytes(size)
	value := make([]byte, inner-1-lengthBytes(inner))
	rand.Read(value)
	message := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), message)
}

// lengthBytes is how long the length prefix is of a field of size bytes, tag and prefix included.
func lengthBytes(size int) int {
	if size-2 > 127 {
		return 2
	}
	return 1
}

func withTopic(request []byte, topic string) []byte {
	named := append(make([]byte, 0, len(request)+len(topic)+2), request...)
	return protowire.AppendString(protowire.AppendTag(named, 2, protowire.BytesType), topic)
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func print(line any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// key is sent with each call, where there is one.
type key string

func (k key) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if k == "" {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + string(k)}, nil
}

func (key) RequireTransportSecurity() bool { return false }

// bytesCodec passes on messages as they are encoded.
type bytesCodec struct{}

func (bytesCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (bytesCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (bytesCodec) Name() string { return "proto" }
