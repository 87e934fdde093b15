// gitops-check says what GitOps tools make of an object, with their own code.
//
//	gitops-check kstatus OBJECT                   Flux's and Helm's default: prints status and message
//	gitops-check cel OBJECT EXPRESSION            Flux's healthCheckExprs: prints true or false
//	gitops-check lua OBJECT health.lua            Argo CD's health checks: prints status and message
//	gitops-check lua OBJECT discovery.lua         its actions: prints what is offered, as JSON
//	gitops-check lua OBJECT actions/NAME.lua      one action: prints the changed object, as JSON
//
// OBJECT is a file with JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: gitops-check kstatus|cel|lua OBJECT [EXPRESSION|SCRIPT]"))
	}
	text, err := os.ReadFile(os.Args[2])
	fail(err)
	var object map[string]any
	fail(utiljson.Unmarshal(text, &object)) // whole numbers stay whole, as in the tools
	switch what := os.Args[1]; {
	case what == "kstatus":
		kstatus(object)
	case what == "cel" && len(os.Args) == 4:
		expression(object, os.Args[3])
	case what == "lua" && len(os.Args) == 4:
		script(object, os.Args[3])
	default:
		fail(fmt.Errorf("%s: no such check, or a script is missing", what))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gitops-check:", err)
		os.Exit(1)
	}
}

func say(value any) {
	text, err := json.Marshal(value)
	fail(err)
	fmt.Println(string(text))
}

func kstatus(object map[string]any) {
	result, err := status.Compute(&unstructured.Unstructured{Object: object})
	fail(err)
	say(map[string]string{"status": result.Status.String(), "message": result.Message})
}

// Flux evaluates with the object's own fields as variables; those used here are metadata and status.
func expression(object map[string]any, text string) {
	environment, err := cel.NewEnv(cel.Variable("metadata", cel.DynType), cel.Variable("status", cel.DynType), cel.Variable("spec", cel.DynType))
	fail(err)
	ast, issues := environment.Compile(text)
	fail(issues.Err())
	program, err := environment.Program(ast)
	fail(err)
	if object["status"] == nil {
		object["status"] = map[string]any{}
	}
	value, _, err := program.Eval(object)
	fail(err)
	say(value.Value())
}

// Argo CD gives a script the variable obj and a few safe libraries, and takes what it returns.
func script(object map[string]any, file string) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
		lua.StringLibName: lua.OpenString} {
		fail(state.CallByParam(lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}, lua.LString(name)))
	}
	state.SetGlobal("obj", toLua(state, object))
	fail(state.DoFile(file))
	say(fromLua(state.Get(-1)))
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, member := range value {
			table.RawSetString(key, toLua(state, member))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, member := range value {
			table.Append(toLua(state, member))
		}
		return table
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case bool:
		return lua.LBool(value)
	}
	return lua.LNil
}

func fromLua(value lua.LValue) any {
	switch value := value.(type) {
	case *lua.LTable:
		if value.Len() > 0 {
			list := []any{}
			value.ForEach(func(_, member lua.LValue) { list = append(list, fromLua(member)) })
			return list
		}
		object := map[string]any{}
		value.ForEach(func(key, member lua.LValue) { object[key.String()] = fromLua(member) })
		return object
	case lua.LString:
		return string(value)
	case lua.LNumber:
		return float64(value)
	case lua.LBool:
		return bool(value)
	}
	return nil
}
