// k6 with `k6/x/sse`: `go build -o k6 .` in this folder builds it.
package main

import (
	"go.k6.io/k6/cmd"

	_ "sluice/k6/sse"
)

func main() {
	cmd.Execute()
}
