// Runs every registered test, or those whose name contains the argument; the last line is the verdict.
#include "check.h"

#include <cstdio>
#include <exception>

using namespace tallytree::test;

static bool passes(const Case& test) {
  failed_checks = 0;
  try {
    test.body();
  } catch (const std::exception& error) {
    report(test.name, 0, std::string("threw ") + error.what());
  }
  std::printf("%s %s\n", failed_checks == 0 ? "ok  " : "FAIL", test.name);
  return failed_checks == 0;
}

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // progress, also through a pipe
  const std::string wanted = argc > 1 ? argv[1] : "";
  int passed = 0;
  int failed = 0;
  for (const Case& test : cases()) {
    if (std::string(test.name).find(wanted) == std::string::npos) continue;
    ++(passes(test) ? passed : failed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
