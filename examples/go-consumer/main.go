// Prints the records of a topic as lines of JSON, without knowing any of their schemas: each record
// carries the id of its schema, and the gateway's registry has the descriptors.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	sluicev1 "sluice.example/go-consumer/gen/sluice/v1"
)

// How long to wait for a topic, or before calling again after a cut.
const pause = 500 * time.Millisecond

var errEnough = errors.New("as many records as asked for")

func main() {
	address := flag.String("grpc", "localhost:4025", "the gateway's RPC port")
	topic := flag.String("topic", "biometrics", "the topic to read")
	from := flag.String("from", "live", "live, earliest, or the position behind which to start")
	limit := flag.Int("limit", 0, "records to print; 0: without end")
	flag.Parse()
	log.SetFlags(0)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	conn, err := grpc.NewClient(*address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(key(os.Getenv("SLUICE_KEY"))))
	if err != nil {
		log.Fatalf("Cannot use -grpc %s: %v", *address, err)
	}
	defer conn.Close()

	c := &consumer{
		records: sluicev1.NewConsumerServiceClient(conn),
		schemas: newSchemas(sluicev1.NewRegistryServiceClient(conn)),
		limit:   *limit,
	}
	if err := c.run(ctx, request(*topic, *from)); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func request(topic, from string) *sluicev1.SubscribeRequest {
	switch from {
	case "live":
		return &sluicev1.SubscribeRequest{Topic: topic}
	case "earliest":
		return earliest(topic)
	default:
		return after(topic, from)
	}
}

func earliest(topic string) *sluicev1.SubscribeRequest {
	return &sluicev1.SubscribeRequest{Topic: topic, Start: &sluicev1.SubscribeRequest_Earliest{Earliest: true}}
}

func after(topic, position string) *sluicev1.SubscribeRequest {
	return &sluicev1.SubscribeRequest{Topic: topic, Start: &sluicev1.SubscribeRequest_After{After: position}}
}

type consumer struct {
	records sluicev1.ConsumerServiceClient
	schemas *schemas
	limit   int
	printed int
	// Behind the last record that was printed: where the next call goes on.
	position string
}

// run reads until the limit is reached or ctx is done, and calls again after a cut.
func (c *consumer) run(ctx context.Context, req *sluicev1.SubscribeRequest) error {
	for {
		err := c.read(ctx, req)
		if errors.Is(err, errEnough) || errors.Is(err, io.EOF) {
			return nil
		}
		switch status.Code(err) {
		case codes.NotFound:
			if c.position != "" {
				return err
			}
			// What comes first into a topic that is not there yet is all of it.
			req = earliest(req.Topic)
		case codes.OutOfRange:
			position := positionOf(err)
			if position == "" {
				return err
			}
			log.Printf("Records are missing: %v", err)
			c.position = position
		case codes.Aborted, codes.Unavailable:
			log.Printf("Cut off: %v", err)
		default:
			return err
		}
		if c.position != "" {
			req = after(req.Topic, c.position)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// read prints what one call brings, until it ends: then io.EOF, errEnough or a status.
func (c *consumer) read(ctx context.Context, req *sluicev1.SubscribeRequest) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.records.Subscribe(ctx, req)
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, stored := range message.Records {
			line, err := c.schemas.json(ctx, stored.Record)
			if err != nil {
				return err
			}
			fmt.Printf("%s\n", line)
			c.printed++
			c.position = stored.Position
			if c.printed == c.limit {
				return errEnough
			}
		}
		c.position = message.Position
	}
}

// key is sent with every call, where there is one.
type key string

func (k key) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if k == "" {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + string(k)}, nil
}

// RequireTransportSecurity is false for a gateway on this machine: in a network, use TLS.
func (key) RequireTransportSecurity() bool { return false }

// positionOf is where reading can go on, by the details of a status.
func positionOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Metadata["position"]
		}
	}
	return ""
}
