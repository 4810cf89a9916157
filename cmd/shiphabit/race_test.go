//go:build race

package main

// raced: the tests are built with the race detector.
const raced = true
