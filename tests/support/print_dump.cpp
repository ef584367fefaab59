// Prints the dump of the host it is called on, for tests that are not written in C++.
#include <cstdlib>
#include <exception>
#include <iostream>

#include "support/dump.h"

int main() {
  try {
    std::cout << patchbay::test::dump();
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    std::cerr << "dump: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
