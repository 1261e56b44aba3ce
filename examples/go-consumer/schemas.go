package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	sluicev1 "sluice.example/go-consumer/gen/sluice/v1"
)

// schema is the message that a record holds, with all types of its set for what an Any holds.
type schema struct {
	message protoreflect.MessageDescriptor
	types   *dynamicpb.Types
}

// schemas are fetched once: an id never changes its meaning.
type schemas struct {
	registry sluicev1.RegistryServiceClient
	byID     map[uint32]schema
}

func newSchemas(registry sluicev1.RegistryServiceClient) *schemas {
	return &schemas{registry: registry, byID: map[uint32]schema{}}
}

// json is the record's value as protobuf JSON, on one line.
func (s *schemas) json(ctx context.Context, record *sluicev1.Record) ([]byte, error) {
	found, err := s.get(ctx, record.SchemaId)
	if err != nil {
		return nil, err
	}
	message := dynamicpb.NewMessage(found.message)
	if err := (proto.UnmarshalOptions{Resolver: found.types}).Unmarshal(record.Value, message); err != nil {
		return nil, fmt.Errorf("cannot decode as %q: %w", found.message.FullName(), err)
	}
	text, err := protojson.MarshalOptions{Resolver: found.types}.Marshal(message)
	if err != nil {
		return nil, err
	}
	// protojson puts spaces here and there on purpose, so that nobody relies on its text.
	var line bytes.Buffer
	err = json.Compact(&line, text)
	return line.Bytes(), err
}

func (s *schemas) get(ctx context.Context, id uint32) (schema, error) {
	if found, ok := s.byID[id]; ok {
		return found, nil
	}
	answer, err := s.registry.GetDescriptorSet(ctx, &sluicev1.GetDescriptorSetRequest{
		Schema: &sluicev1.GetDescriptorSetRequest_Id{Id: id},
	})
	if err != nil {
		return schema{}, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(answer.FileDescriptorSet, &set); err != nil {
		return schema{}, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return schema{}, err
	}
	file, err := files.FindFileByPath(answer.Schema.File)
	if err != nil {
		return schema{}, err
	}
	if file.Messages().Len() == 0 {
		return schema{}, fmt.Errorf("cannot decode with schema %d: it declares no message", id)
	}
	// By custom a record is the first message of its schema's own file.
	found := schema{message: file.Messages().Get(0), types: dynamicpb.NewTypes(files)}
	s.byID[id] = found
	log.Printf("schema %d: %s", id, found.message.FullName())
	return found, nil
}
