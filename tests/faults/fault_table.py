"""Every row of the table of faults and outcomes in docs/resilience.md names tests that ctest knows.

    fault_table.py RESILIENCE_MD BUILD_DIR [CTEST]
"""
import re
import subprocess
import sys

document, build = sys.argv[1:3]
ctest = sys.argv[3] if len(sys.argv) > 3 else "ctest"
listing = subprocess.run([ctest, "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
known = set(re.findall(r"Test +#\d+: (\S+)", listing))
text = open(document).read()
section = text.split("## Faults and outcomes")[1].split("\n## ")[0]
rows = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|---") and "| outcome |" not in line]
problems = []
for row in rows:
    cells = [cell.strip() for cell in row.strip("|").replace("\\|", "/").split("|")]
    names = re.findall(r"`([^`]+)`", cells[-1])
    if len(cells) != 3 or not names:
        problems.append(f"names no test: {row}")
    problems += [f"there is no test '{name}': {row}" for name in names if name not in known]
if len(rows) < 20:
    problems.append(f"the table has {len(rows)} rows only: has it been moved?")
print("\n".join(problems) or f"{len(rows)} rows, each with a test")
sys.exit(bool(problems))
