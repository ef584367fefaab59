#include "host_local.h"

int main(int argc, char** argv) {
  return patchbay::cni::run(patchbay::hostlocal::plugin(), argc, argv);
}
