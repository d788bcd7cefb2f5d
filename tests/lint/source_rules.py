#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that no compiler checks: banned calls, include direction, sizes, and the licence line.

source_rules.py ROOT RULE: prints PATH:LINE: MESSAGE for each breach; the exit status says whether there was any."""

import pathlib
import re
import subprocess
import sys

BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "strtok", "atoi", "atol", "atoll", "sscanf", "system", "popen", "alloca",
          "gets")
FILE_LINES = 800
FUNCTION_LINES = 60
FUNCTION_LINES_MOST = 100

KEYWORDS = ("if", "for", "while", "switch", "return", "sizeof", "do", "else")


def files(root, *patterns):
    """The project's files: what git knows or would take, so that build trees do not count."""
    out = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                         check=True, capture_output=True, text=True).stdout
    return [path for path in sorted(set(out.split("\n"))) if path and (root / path).is_file()]


def code_only(text):
    """The text with comments and the insides of strings blanked, line by line as before."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return pattern.sub(blank, text)


def banned(root):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path in files(root, "src/*.[ch]", "include/*.h"):
        for number, line in enumerate(code_only((root / path).read_text()).split("\n"), 1):
            for match in pattern.finditer(line):
                yield path, number, f"{match.group(1)} is banned"


def owned(root):
    """An early return frees what a cleanup attribute names, so it must have a value from its declaration on."""
    pattern = re.compile(r"\bPL_CLEANUP_\w+[ \t]+\w[^=;\n]*;|__attribute__\(\(cleanup\(\w+\)\)\)[ \t]+\w[^=;\n]*;")
    for path in files(root, "src/*.[ch]", "tests/unit/*.[ch]", "tests/fuzz/*.[ch]"):
        text = code_only((root / path).read_text())
        for match in pattern.finditer(text):
            yield path, text.count("\n", 0, match.start()) + 1, "an owned variable without a first value"


def modules(root):
    levels, owner, forbidden = {}, {}, {}
    for line in (root / "tests/lint/modules").read_text().split("\n"):
        words = line.split("#")[0].split()
        if not words:
            continue
        level, name, *rest = words
        levels[name] = int(level)
        forbidden[name] = {word[1:] for word in rest if word.startswith("!")}
        owner.update({f"plimsoll/{word}.h": name for word in rest if not word.startswith("!")})
    return levels, owner, forbidden


def includes(root):
    levels, owner, forbidden = modules(root)
    pattern = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
    for path in files(root, "src/*.[ch]", "include/*.h"):
        module = path.split("/")[1] if path.startswith("src/") else owner.get(path[len("include/"):])
        if module not in levels:
            yield path, 1, "belongs to no module of tests/lint/modules"
            continue
        for number, line in enumerate((root / path).read_text().split("\n"), 1):
            match = pattern.match(line)
            if not match or match.group(1) == "plimsoll_version.h":
                continue
            name = match.group(1)
            if name.startswith("plimsoll/"):
                target = owner.get(name)
            elif "/" in name:
                target = name.split("/")[0]
            else:
                target = module
            if target not in levels:
                yield path, number, f"{name} belongs to no module of tests/lint/modules"
            elif target != module and (levels[target] >= levels[module] or target in forbidden[module]):
                yield path, number, f"{module} may not include {name} of {target}"


def allowed(root, kind):
    lines = (root / "tests/lint/allow").read_text().split("\n")
    return {words[1] for words in (line.split("#")[0].split() for line in lines) if len(words) > 1 and words[0] == kind}


def functions(text):
    """Name, first line and length of each function: a brace in the first column opens one, the next such closes it."""
    lines = code_only(text).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            head = " ".join(lines[max(0, start - 8):start - 1])
            names = [name for name in re.findall(r"(\w+)\s*\(", head) if name not in KEYWORDS and name != "__attribute__"]
            yield (names[-1] if names else "?"), start, number - start + 1
            start = None


def sizes(root):
    big_files, long_functions = allowed(root, "file"), allowed(root, "function")
    for path in files(root, "src/*.[ch]", "include/*.h", "tests/*.c"):
        text = (root / path).read_text()
        n_lines = text.count("\n")
        if n_lines > FILE_LINES and path not in big_files:
            yield path, 1, f"{n_lines} lines, more than {FILE_LINES}"
        for name, line, length in functions(text):
            if length > FUNCTION_LINES_MOST or (length > FUNCTION_LINES and f"{path}:{name}" not in long_functions):
                yield path, line, f"function {name} has {length} lines, more than {FUNCTION_LINES}"


def licence(root):
    for path in files(root, "*.[ch]", "*.sh", "*.py", "*.bats", "*.cmake", "*CMakeLists.txt"):
        head = (root / path).read_text(errors="replace").split("\n")[:4]
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
            yield path, 1, "has no SPDX-License-Identifier: Apache-2.0"


def names(root):
    """Nothing of one machine or one network: the project must build anywhere."""
    pattern = re.compile(r"(?<![\w.~-])/wor[k]/|://de[b]\.|://(?:security|snapshot|ftp)\.debia[n]|registr[y]-1\.|proxy\.golan[g]")
    for path in files(root):
        try:
            text = (root / path).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if pattern.search(line):
                yield path, number, f"names a machine's path or a mirror: {line.strip()[:80]}"


RULES = {"banned": banned, "owned": owned, "includes": includes, "sizes": sizes, "licence": licence, "names": names}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in RULES:
        sys.exit(f"usage: source_rules.py ROOT {'|'.join(RULES)}")
    breaches = list(RULES[sys.argv[2]](pathlib.Path(sys.argv[1])))
    for path, line, message in breaches:
        print(f"{path}:{line}: {message}")
    sys.exit(1 if breaches else 0)


main()
