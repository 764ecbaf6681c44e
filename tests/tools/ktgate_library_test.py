"""A dependency the design forbids does not get through CMake, and one not declared does not compile."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROJECT = f"""
cmake_minimum_required(VERSION 3.25)
project(trial LANGUAGES CXX)
include({ROOT}/cmake/warnings.cmake)
include({ROOT}/cmake/ktgate_library.cmake)
"""


class KtgateLibrary(unittest.TestCase):
    def build(self, folders):
        """Builds a project of {folder: (its CMakeLists.txt, its one source)}; (exit code, output)."""
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for folder, (definition, source) in folders.items():
                (root / folder / "include" / folder).mkdir(parents=True)
                (root / folder / "include" / folder / "api.h").write_text("#pragma once\n")
                (root / folder / "CMakeLists.txt").write_text(definition)
                (root / folder / "a.cc").write_text(source)
            lists = "".join(f"add_subdirectory({folder})\n" for folder in folders)
            (root / "CMakeLists.txt").write_text(PROJECT + lists)
            configure = ["cmake", "-G", "Ninja", "-S", directory, "-B", directory + "/build"]
            for command in (configure, ["cmake", "--build", directory + "/build"]):
                run = subprocess.run(
                    command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
                if run.returncode != 0:
                    break
            return run.returncode, run.stdout

    def refuses(self, folders, message):
        code, output = self.build(folders)
        self.assertNotEqual(code, 0)
        self.assertIn(message, " ".join(output.split()))

    def test_builds_what_the_arrows_allow(self):
        code, output = self.build({
            "keytrans": ("ktgate_library(keytrans SOURCES a.cc)", '#include "keytrans/api.h"\n'),
            "store": ("ktgate_library(store DEPENDS keytrans SOURCES a.cc)", '#include "keytrans/api.h"\n'),
            "log": ("ktgate_library(log DEPENDS store SOURCES a.cc)", '#include "keytrans/api.h"\n'),
        })
        self.assertEqual(code, 0, output)

    def test_refuses_a_forbidden_dependency(self):
        self.refuses({
            "keytrans": ("ktgate_library(keytrans DEPENDS store SOURCES a.cc)", ""),
            "store": ("ktgate_library(store SOURCES a.cc)", ""),
        }, "keytrans may not use store")

    def test_refuses_a_forbidden_dependency_linked_by_hand(self):
        for visibility in ("PUBLIC", "PRIVATE", "INTERFACE"):
            self.refuses({
                "log": ("ktgate_library(log SOURCES a.cc)", ""),
                "client": (
                    f"ktgate_library(client SOURCES a.cc)\ntarget_link_libraries(client {visibility} log)", ""
                ),
            }, "client may not use log")

    def test_refuses_a_folder_not_in_the_design(self):
        self.refuses({"misc": ("ktgate_library(misc SOURCES a.cc)", "")}, "not a folder of the design")

    def test_does_not_compile_an_include_without_its_dependency(self):
        self.refuses({
            "keytrans": ("ktgate_library(keytrans SOURCES a.cc)", '#include "store/api.h"\n'),
            "store": ("ktgate_library(store DEPENDS keytrans SOURCES a.cc)", ""),
        }, "store/api.h: No such file or directory")


if __name__ == "__main__":
    unittest.main()
