// LEAKS: definite=24/1 indirect=833/15
// A lost vector of strings: its elements and their texts hang off it.
#include <string>
#include <vector>
#include "apart.h"

APART static void lose() {
   auto *texts = new std::vector<std::string>;
   texts->reserve(14);
   for (int number = 0; number < 14; number++) {
      std::string text(20 + number, 'x');
      text.shrink_to_fit();
      texts->push_back(std::move(text));
   }
#ifdef CLEAN
   delete texts;
#endif
}

int main() {
   lose();
   return 0;
}
