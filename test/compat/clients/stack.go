// Asks the questions of a file through kolo/xmlrpc, the stack of Telegraf and of the exporters
// for Prometheus; see asking.py.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/kolo/xmlrpc"
)

// What a Go program that watches Supervisor declares: every field has its type.
type processInfo struct {
	Name        string `xmlrpc:"name" json:"name"`
	Group       string `xmlrpc:"group" json:"group"`
	Description string `xmlrpc:"description" json:"description"`
	Start       int64  `xmlrpc:"start" json:"start"`
	Stop        int64  `xmlrpc:"stop" json:"stop"`
	Now         int64  `xmlrpc:"now" json:"now"`
	State       int16  `xmlrpc:"state" json:"state"`
	StateName   string `xmlrpc:"statename" json:"statename"`
	SpawnErr    string `xmlrpc:"spawnerr" json:"spawnerr"`
	ExitStatus  int8   `xmlrpc:"exitstatus" json:"exitstatus"`
	StdoutLog   string `xmlrpc:"stdout_logfile" json:"stdout_logfile"`
	StderrLog   string `xmlrpc:"stderr_logfile" json:"stderr_logfile"`
	Pid         int32  `xmlrpc:"pid" json:"pid"`
}

type stateInfo struct {
	Code int8   `xmlrpc:"statecode" json:"statecode"`
	Name string `xmlrpc:"statename" json:"statename"`
}

// JSON's numbers as the integers that they are.
func typed(value interface{}) interface{} {
	switch v := value.(type) {
	case json.Number:
		number, err := v.Int64()
		if err != nil {
			panic(err)
		}
		return number
	case []interface{}:
		for i := range v {
			v[i] = typed(v[i])
		}
	case map[string]interface{}:
		for name := range v {
			v[name] = typed(v[name])
		}
	}
	return value
}

func ask(client *xmlrpc.Client, method string, params []interface{}) map[string]interface{} {
	var err error
	var value interface{}
	switch method {
	case "typed processes":
		var processes []processInfo
		err = client.Call("supervisor.getAllProcessInfo", params, &processes)
		value = processes
	case "typed state":
		var state stateInfo
		err = client.Call("supervisor.getState", params, &state)
		value = state
	default:
		err = client.Call(method, params, &value)
	}
	if err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	return map[string]interface{}{"value": value}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var questions [][]interface{}
	must(decoder.Decode(&questions))
	client, err := xmlrpc.NewClient(os.Getenv("ASK_URL"), nil)
	must(err)
	for _, question := range questions {
		params := typed(question[2]).([]interface{})
		answer, err := json.Marshal(ask(client, question[1].(string), params))
		must(err)
		fmt.Println(string(answer))
	}
}
