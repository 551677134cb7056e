//go:build tools

// Package tools names what the chart's users run on it in their pipelines. Nothing here is compiled; the imports keep
// the modules in go.mod, which pins all of them.
package tools

import (
	_ "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
	_ "github.com/helm/chart-testing/v3/ct"
)
