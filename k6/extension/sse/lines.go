package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errEnd is the end of a stream that the server has ended.
var errEnd = errors.New("the stream has ended")

// lineReader reads lines that end with LF or CR LF, of any length.
type lineReader struct {
	reader *bufio.Reader
	line   bytes.Buffer
}

func newLineReader(body io.Reader) *lineReader {
	return &lineReader{reader: bufio.NewReaderSize(body, 16*1024)}
}

// next returns a line without its end; it is valid until the following call.
func (l *lineReader) next() ([]byte, error) {
	l.line.Reset()
	for {
		part, err := l.reader.ReadSlice('\n')
		l.line.Write(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil, errEnd
		}
		if err != nil {
			return nil, err
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(l.line.Bytes(), []byte("\n")), []byte("\r")), nil
	}
}
