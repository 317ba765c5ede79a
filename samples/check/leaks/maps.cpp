// LEAKS: reachable=980/12
// A global map that is never torn down: everything is reachable from its variable.
#include <map>
#include <string>
#include "apart.h"

static std::map<int, std::string> *volatile all;

APART static void keep() {
   all = new std::map<int, std::string>;
   all->emplace(1, "short");
   for (int number = 2; number < 7; number++) {
      all->emplace(number, std::string(99, 'x'));
   }
}

int main() {
   keep();
#ifdef CLEAN
   delete all;
#endif
   return 0;
}
