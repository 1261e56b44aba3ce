package sse

import (
	"strings"
	"testing"
)

func parse(t *testing.T, text string) []Event {
	t.Helper()
	lines := newLineReader(strings.NewReader(text))
	var events []Event
	var parser parser
	for {
		line, err := lines.next()
		if err != nil {
			return events
		}
		if event, complete := parser.line(line); complete {
			events = append(events, event)
		}
	}
}

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	text := "retry: 1000\r\n\r\n: hello\n\nid: 1\nevent: log\ndata: one\ndata:two\n\n" +
		"data:  spaced\r\n\r\nevent: nothing\n\ndata\n\ndata: " + long + "\n\ndata: cut off"
	events := parse(t, text)
	expected := []Event{
		{ID: "1", Name: "log", Data: "one\ntwo"},
		{Data: " spaced"},
		{Data: ""},
		{Data: long},
	}
	if len(events) != len(expected) {
		t.Fatalf("%d events, expected %d: %v", len(events), len(expected), events)
	}
	for i, event := range events {
		if event != expected[i] {
			t.Errorf("event %d is %v, expected %v", i, event, expected[i])
		}
	}
}
