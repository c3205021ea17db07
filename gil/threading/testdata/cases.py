# Prints the names of this Python's cases for the primitives of threading: those of
# lock_tests and test_threading_local, and of test_threading the classes about them.
from __future__ import print_function
import os
import re
import test

folder = os.path.dirname(test.__file__)
about = {
    "lock_tests": ".*",
    "test_threading_local": "BaseLocalTest",
    "test_threading": "TimerTests|CRLockTests|ConditionAsRLockTests",
}
for name in sorted(about):
    path = os.path.join(folder, name + ".py")
    if not os.path.exists(path):
        continue
    owner = None
    for line in open(path):
        match = re.match(r"class (\w+)", line)
        if match:
            owner = match.group(1)
        match = re.match(r"    def (test_\w+)", line)
        if match and re.match(about[name] + "$", owner):
            print("%s.%s.%s" % (name, owner, match.group(1)))
