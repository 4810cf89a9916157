package reports

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// drawingLimit is how long one picture may take; what takes longer is broken off.
const drawingLimit = 10 * time.Second

// engines draw with the chart library in a JavaScript engine. Each is used by one at a time; there are never more than processors.
type engines struct {
	programs func() ([]*goja.Program, error)
	room     chan struct{}
	limit    time.Duration

	mu   sync.Mutex
	idle []*engine
}

// engine is a runtime with the library loaded.
type engine struct {
	vm   *goja.Runtime
	draw goja.Callable
}

//go:embed picture.js
var pictureScript []byte

// newEngines takes the texts of the library and of the script that turns our options into its own. Both are compiled once, at the first picture.
func newEngines(library, script []byte) *engines {
	return &engines{
		room: make(chan struct{}, runtime.GOMAXPROCS(0)), limit: drawingLimit,
		programs: sync.OnceValues(func() ([]*goja.Program, error) {
			// The library asks for timers only to animate, and what is drawn once does not move.
			stubs := "var setTimeout = () => 0, clearTimeout = () => {}, setInterval = setTimeout, clearInterval = clearTimeout;"
			var out []*goja.Program
			for _, part := range []struct{ name, text string }{{"stubs.js", stubs}, {"echarts.min.js", string(library)}, {"chart.js", string(script)}, {"picture.js", string(pictureScript)}} {
				p, err := goja.Compile(part.name, part.text, false)
				if err != nil {
					return nil, fmt.Errorf("compiling %s: %w", part.name, err)
				}
				out = append(out, p)
			}
			return out, nil
		}),
	}
}

// draw answers with a picture as SVG.
func (e *engines) draw(ctx context.Context, p picture) ([]byte, error) {
	given, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	select {
	case e.room <- struct{}{}:
		defer func() { <-e.room }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	one, err := e.take()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	stop := context.AfterFunc(limited, func() { one.vm.Interrupt(limited.Err()) })
	drawn, err := one.draw(goja.Undefined(), one.vm.ToValue(string(p.options)), one.vm.ToValue(string(given)))
	untouched := stop()
	var broken *goja.InterruptedError
	switch {
	case errors.As(err, &broken) && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &broken):
		return nil, ErrTooLong
	case err != nil:
		return nil, fmt.Errorf("drawing a chart: %w", err)
	}
	if untouched { // one that was broken off or failed is in no known state
		e.mu.Lock()
		e.idle = append(e.idle, one)
		e.mu.Unlock()
	}
	return []byte(drawn.String()), nil
}

// take is an idle engine, else a new one.
func (e *engines) take() (*engine, error) {
	e.mu.Lock()
	if n := len(e.idle); n > 0 {
		one := e.idle[n-1]
		e.idle = e.idle[:n-1]
		e.mu.Unlock()
		return one, nil
	}
	e.mu.Unlock()
	programs, err := e.programs()
	if err != nil {
		return nil, err
	}
	vm := goja.New()
	for _, p := range programs {
		if _, err := vm.RunProgram(p); err != nil {
			return nil, fmt.Errorf("loading the chart library: %w", err)
		}
	}
	draw, ok := goja.AssertFunction(vm.GlobalObject().Get("shiphabitPicture"))
	if !ok {
		return nil, errors.New("picture.js has no function shiphabitPicture")
	}
	return &engine{vm: vm, draw: draw}, nil
}
