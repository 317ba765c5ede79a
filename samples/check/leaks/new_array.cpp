// LEAKS: reachable=176/2 possible=88/1
// A pointer to the first element of an array with destructors is behind the number of elements, and one to
// a second base class is inside the object: both are meant. One to the third element is not.
#include <cstdlib>
#include "apart.h"

struct Element {
   long value[2];
   ~Element() { value[0] = 0; }
};

struct First {
   long one = 1;
   virtual ~First() { one = 0; }
   virtual long sum() { return one; }
};

struct Second {
   long two = 2;
   virtual ~Second() { two = 0; }
   virtual long sum() { return two; }
};

struct Both : First, Second {
   long more[9];
   long sum() override { return one + two; }
};

static Element *volatile elements, *volatile third;
static Second *volatile second;

APART static void keep() {
   elements = new Element[4];
   third = new Element[5] + 2;
   second = new Both;
#ifdef CLEAN
   delete[] elements;
   delete[] (third - 2);
   delete second;
   elements = nullptr;
   third = nullptr;
   second = nullptr;
#endif
}

int main() {
   keep();
   return 0;
}
