"""Each check of tools/ can fail: it is run on small trees with one fault each."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
PYTHON = [sys.executable]


class Tree(unittest.TestCase):
    """A tree in a temporary folder, gone after the test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run_tool(self, command, **environment):
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment})
        return done.returncode, done.stdout + done.stderr

    def assert_refused(self, script, *expected):
        code, output = self.run_tool([*PYTHON, TOOLS / script, self.root])
        self.assertEqual(code, 1, output)
        for text in expected:
            self.assertIn(text, output)

    def assert_accepted(self, script):
        code, output = self.run_tool([*PYTHON, TOOLS / script, self.root])
        self.assertEqual(code, 0, output)


class Layers(Tree):
    def include(self, name, line):
        self.write(f"operator/{name}", f"// fine\n{line}\n")

    def test_lower_folder_may_be_included(self):
        self.include("decide/a.cpp", '#include "model/spec.hpp"')
        self.assert_accepted("check_layers.py")

    def test_higher_folder_is_refused_with_file_and_line(self):
        self.include("decide/a.cpp", '#include "reconcile/gatherer.hpp"')
        self.assert_refused("check_layers.py", "operator/decide/a.cpp:2:", "reconcile/gatherer.hpp")

    def test_pure_folder_may_see_http_values_but_not_the_transport(self):
        self.include("providers/prometheus/a.cpp", '#include "http/message.hpp"')
        self.assert_accepted("check_layers.py")
        self.include("providers/prometheus/a.cpp", '#include "http/transport.hpp"')
        self.assert_refused("check_layers.py", "http/transport.hpp")

    def test_pure_folder_may_not_lock_or_log(self):
        self.include("decide/a.cpp", "#include <mutex>")
        self.assert_refused("check_layers.py", "pure")
        self.include("decide/a.cpp", '#include "base/log.hpp"')
        self.assert_refused("check_layers.py", "pure")

    def test_third_party_library_outside_its_folder_is_refused(self):
        for header in ("boost/asio.hpp", "cpprest/http_client.h", "openssl/ssl.h", "yaml-cpp/yaml.h", "spdlog/spdlog.h",
                       "prometheus/counter.h", "CLI/CLI.hpp"):
            self.include("kube/core/a.cpp", f"#include <{header}>")
            self.assert_refused("check_layers.py", header)

    def test_unknown_library_and_unknown_folder_are_refused(self):
        self.include("app/a.cpp", "#include <curl/curl.hpp>")
        self.assert_refused("check_layers.py", "does not know")
        self.include("app/a.cpp", "#include <vector>")
        self.include("misc/a.cpp", "#include <vector>")
        self.assert_refused("check_layers.py", "in no layer")

    def test_include_in_a_comment_does_not_count(self):
        self.include("decide/a.cpp", '/*\n#include "reconcile/gatherer.hpp"\n*/')
        self.assert_accepted("check_layers.py")

    def test_empty_tree_is_refused(self):
        self.assert_refused("check_layers.py", "nothing to check")


class Banned(Tree):
    BAD = {
        "clock": "auto t = std::chrono::system_clock::now();",
        "sleep": "std::this_thread::sleep_for(ms);",
        "random": "int x = rand();",
        "regex": "std::regex r(text);",
        "console": 'std::cout << "x";',
        "raw-new": "auto* p = new Thing();",
        "detach": "worker.detach();",
        "exit": "std::exit(1);",
        "environment": 'const char* home = getenv("HOME");',
        "plain-enum": "enum Colour { kRed };",
        "todo": "// TODO: later",
        "nolint": "int x;  // NOLINT",
    }

    def test_every_rule_refuses_its_example(self):
        for rule, line in self.BAD.items():
            self.write("operator/model/a.cpp", f"\n{line}\n")
            self.assert_refused("check_banned.py", f"operator/model/a.cpp:2: [{rule}]")

    def test_delete_is_refused_and_deleted_functions_are_not(self):
        self.write("operator/model/a.cpp", "A(const A&) = delete;\n")
        self.assert_accepted("check_banned.py")
        self.write("operator/model/a.cpp", "delete pointer;\n")
        self.assert_refused("check_banned.py", "[raw-new]")

    def test_using_namespace_is_refused_in_headers_only(self):
        self.write("operator/model/a.cpp", "using namespace std::chrono_literals;\n")
        self.assert_accepted("check_banned.py")
        self.write("operator/model/a.hpp", "#pragma once\nusing namespace std;\n")
        self.assert_refused("check_banned.py", "[using-namespace]")

    def test_whole_json_is_refused_in_headers_only(self):
        self.write("operator/model/a.cpp", "#include <nlohmann/json.hpp>\n")
        self.assert_accepted("check_banned.py")
        self.write("operator/model/a.hpp", "#pragma once\n#include <nlohmann/json.hpp>\n")
        self.assert_refused("check_banned.py", "operator/model/a.hpp:2: [json-in-header]")

    def test_header_without_pragma_once_is_refused(self):
        self.write("operator/model/a.hpp", "int x();\n")
        self.assert_refused("check_banned.py", "[pragma-once]")

    def test_long_file_is_refused(self):
        self.write("operator/model/a.cpp", "\n" * 451)
        self.assert_refused("check_banned.py", "[length]")

    def test_comments_strings_and_reasons_are_no_violations(self):
        self.write("operator/model/a.cpp", '// new Thing\nauto s = "std::cout << new X";\nauto r = R"(rand())";\nint x = 1\'000;\n'
                                           "auto t = std::unique_ptr<T>(new T());\n"
                                           "// TODO(#12): later\nint y;  // NOLINT(bugprone-x): the API wants it\n")
        self.assert_accepted("check_banned.py")

    def test_programs_may_print_and_tests_may_not_sleep(self):
        self.write("operator/app/main.cpp", 'std::cout << "x";\n')
        self.assert_accepted("check_banned.py")
        self.write("tests/unit/a_test.cpp", "std::this_thread::sleep_for(ms);\n")
        self.assert_refused("check_banned.py", "[sleep]")

    def test_exception_needs_to_be_used(self):
        self.write("operator/model/a.cpp", "int x = rand();\n")
        self.write("tools/banned_allow.txt", "operator/model/a.cpp | random | shown in a test\n")
        self.assert_accepted("check_banned.py")
        self.write("operator/model/a.cpp", "int x = 4;\n")
        self.assert_refused("check_banned.py", "no longer needs")

    def test_exception_without_reason_is_refused(self):
        self.write("operator/model/a.cpp", "int x = rand();\n")
        self.write("tools/banned_allow.txt", "operator/model/a.cpp | random |\n")
        self.assert_refused("check_banned.py", "want `file | rule | why`", "[random]")


class Headers(Tree):
    def run_check(self):
        return self.run_tool([*PYTHON, TOOLS / "check_headers.py", "--cache", self.root / "cache", self.root])

    def test_header_that_needs_another_is_refused_until_mended(self):
        self.write("operator/model/a.hpp", "#pragma once\nstd::string Name();\n")
        code, output = self.run_check()
        self.assertEqual(code, 1)
        self.assertIn("a.hpp: does not compile alone", output)
        self.write("operator/model/a.hpp", "#pragma once\n#include <string>\nstd::string Name();\n")
        self.assertEqual(self.run_check()[0], 0)

    def test_remembered_header_is_compiled_again_when_what_it_includes_changes(self):
        self.write("operator/model/b.hpp", "#pragma once\nstruct B {};\n")
        self.write("operator/model/a.hpp", '#pragma once\n#include "model/b.hpp"\nB Make();\n')
        self.assertEqual(self.run_check()[0], 0)
        self.write("operator/model/b.hpp", "#pragma once\n")
        code, output = self.run_check()
        self.assertEqual(code, 1)
        self.assertIn("a.hpp: does not compile alone", output)


class Format(Tree):
    def setUp(self):
        super().setUp()
        self.write(".clang-format", (TOOLS.parent / ".clang-format").read_text(encoding="utf-8"))

    def test_bad_format_is_refused_and_good_accepted(self):
        self.write("operator/a.cpp", "int  F( ){return 1;}\n")
        code, output = self.run_tool([TOOLS / "check_format.sh", self.root])
        self.assertEqual(code, 1)
        self.assertIn("make format", output)
        self.assertEqual(self.run_tool([TOOLS / "check_format.sh", "--fix", self.root])[0], 0)
        self.assertEqual(self.run_tool([TOOLS / "check_format.sh", self.root])[0], 0)

    def test_missing_tool_is_a_failure(self):
        self.write("operator/a.cpp", "int F();\n")
        code, output = self.run_tool([TOOLS / "check_format.sh", self.root], SOFTMIG_CACHE=str(self.root / "none"))
        self.assertEqual(code, 1)
        self.assertIn("install_dependencies.sh", output)


class Tidy(Tree):
    """Runs in the real cache folder: the tool stands there."""

    def setUp(self):
        super().setUp()
        self.write(".clang-tidy", (TOOLS.parent / ".clang-tidy").read_text(encoding="utf-8"))

    def run_check(self, text, **environment):
        path = self.write("operator/model/a.cpp", text)
        command = {"directory": str(self.root), "file": str(path), "command": f"c++ -std=c++23 -I{self.root}/operator -c {path}"}
        self.write("build/compile_commands.json", json.dumps([command]))
        return self.run_tool([*PYTHON, TOOLS / "check_tidy.py", "--build", self.root / "build", self.root], **environment)

    def test_wrong_name_is_refused(self):
        code, output = self.run_check("int wrong_name() { return 1; }\n")
        self.assertEqual(code, 1, output)
        self.assertIn("readability-identifier-naming", output)

    def test_function_of_more_than_70_lines_is_refused(self):
        code, output = self.run_check("int Long(int x) {\n" + "  x += 1;\n" * 71 + "  return x;\n}\n")
        self.assertEqual(code, 1, output)
        self.assertIn("readability-function-size", output)

    def test_good_file_is_accepted_twice(self):
        text = f"int Good() {{ return {len(str(self.root))}; }}\n"
        self.assertEqual(self.run_check(text)[0], 0)
        code, output = self.run_check(text)
        self.assertEqual(code, 0, output)
        self.assertIn("0 of 1 files had changed", output)

    def test_missing_tool_is_a_failure(self):
        code, output = self.run_check("int Good();\n", SOFTMIG_CACHE=str(self.root / "none"))
        self.assertEqual(code, 1)
        self.assertIn("install_dependencies.sh", output)


class Image(Tree):
    """The Dockerfile of the tree, with one fault each."""

    def run_check(self, old="", new=""):
        text = (TOOLS.parent / "Dockerfile").read_text(encoding="utf-8")
        self.assertIn(old, text)
        path = self.write("Dockerfile", text.replace(old, new))
        return self.run_tool([*PYTHON, TOOLS / "check_image.py", "--list-only", "--dockerfile", path])

    def test_the_dockerfile_as_it_is_is_accepted(self):
        self.assertEqual(self.run_check(), (0, ""))

    def test_a_user_by_name_a_step_of_its_own_and_a_missing_folder_are_refused(self):
        for old, new, word in (
            ("USER 65532:65532", "USER nonroot", "two numbers"), ("USER 65532:65532", "USER 0:0", "two numbers"),
            ("RUN tools/build_image_root.sh compile", "RUN make", "does its own"), ("COPY cmake cmake", "COPY cmaek cmake", "not in the tree"),
            ("FROM scratch", "FROM debian:12-slim", "begin with nothing"), ("softmigration-operator\"]", "sh\"]", "none of the programs"),
        ):
            code, output = self.run_check(old, new)
            self.assertEqual(code, 1, output)
            self.assertIn(word, output)


class ApiReference(Tree):
    def test_a_page_that_is_stale_is_refused_and_a_new_one_accepted(self):
        tool = [*PYTHON, TOOLS / "write_api_reference.py", "--page", self.root / "page.md"]
        self.assertEqual(self.run_tool(tool), (0, ""))
        self.assertEqual(self.run_tool([*tool, "--check"]), (0, ""))
        page = self.root / "page.md"
        self.write("page.md", page.read_text(encoding="utf-8").replace("`attempt`", "`attempts`", 1))
        code, output = self.run_tool([*tool, "--check"])
        self.assertEqual(code, 1)
        self.assertIn("stale", output)
        self.assertIn("-| `attempts`", output)


class Count(Tree):
    CTEST = ('<testsuite><testcase name="unit_a" classname="unit_a" status="{a}"/>'
             '<testcase name="style_layers" classname="style_layers" status="run"/></testsuite>')

    def gtest(self, *results):
        cases = [{"name": f"T{i}", "status": "RUN" if r != "DISABLED" else "NOTRUN", "result": r,
                  **({"failures": [{"failure": "x"}]} if r == "FAILED" else {})} for i, r in enumerate(results)]
        self.write("gtest/unit_a.json", json.dumps({"testsuites": [{"name": "S", "testsuite": cases}]}))

    def run_count(self, status="run", *more):
        report = self.write("ctest.xml", self.CTEST.format(a=status))
        return self.run_tool([*PYTHON, TOOLS / "count_tests.py", "--ctest", report, "--gtest", self.root / "gtest", *more])

    def assert_last_line(self, result, code, line):
        self.assertEqual(result[1].splitlines()[-1], line)
        self.assertEqual(result[0], code)

    def test_cases_of_programs_and_single_checks_add_up(self):
        self.gtest("COMPLETED", "COMPLETED", "SKIPPED", "DISABLED")
        self.assert_last_line(self.run_count(), 0, "3 passed, 0 failed, 1 skipped")

    def test_failed_case_fails(self):
        self.gtest("COMPLETED", "FAILED")
        self.assert_last_line(self.run_count("fail"), 1, "2 passed, 1 failed")

    def test_program_that_crashed_counts_as_failed(self):
        self.assert_last_line(self.run_count("fail"), 1, "1 passed, 1 failed")
        self.gtest("COMPLETED")
        self.assert_last_line(self.run_count("fail"), 1, "2 passed, 1 failed")

    def test_pytest_report_counts_case_by_case(self):
        self.gtest("COMPLETED")
        report = self.write("pytest.xml", '<testsuites><testsuite><testcase classname="t" name="a"/>'
                                          '<testcase classname="t" name="b"><skipped/></testcase></testsuite></testsuites>')
        self.assert_last_line(self.run_count("run", "--pytest", report), 0, "3 passed, 0 failed, 1 skipped")

    def test_checks_that_are_no_program_of_a_report_count_by_name(self):
        self.gtest("COMPLETED")
        self.assert_last_line(self.run_count("run", "--passed", "simulator", "--failed", "fuzzers"), 1, "3 passed, 1 failed")

    def test_missing_report_and_nothing_run_are_failures(self):
        self.gtest("COMPLETED")
        self.assert_last_line(self.run_count("run", "--pytest", self.root / "none.xml"), 1, "2 passed, 1 failed")
        self.assert_last_line(self.run_tool([*PYTHON, TOOLS / "count_tests.py"]), 1, "0 passed, 0 failed")


if __name__ == "__main__":
    unittest.main()
