// LDT: exit=0
// A C++ program that parses nested text and gives up by throwing through as many frames as the text is
// deep, with strings and vectors alive in each.
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct Node {
    std::string name;
    std::vector<std::unique_ptr<Node>> children;
};

struct SyntaxError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

__attribute__((noinline)) std::unique_ptr<Node> parse(const std::string &text, std::size_t &at, std::vector<std::string> path) {
    auto node = std::make_unique<Node>();
    node->name = "a node that is " + std::to_string(path.size()) + " deep, too long for a small string";
    path.push_back(node->name);
    while (at < text.size()) {
        char letter = text[at++];
        if (letter == '(') node->children.push_back(parse(text, at, path));
        else if (letter == ')') return node;
        else throw SyntaxError("a strange letter " + std::string(1, letter) + " under " + path.back());
    }
    return node;
}

int main() {
    std::map<std::string, int> errors;
    std::size_t children = 0;
    for (std::size_t depth = 1; depth <= 60; depth++) {
        for (const char *end : {")", "x"}) {
            std::size_t at = 0;
            try {
                children += parse(std::string(depth, '(') + end, at, {})->children.size();
            } catch (const SyntaxError &error) {
                errors[error.what()]++;
            }
        }
    }
    std::cout << children << " children, " << errors.size() << " errors\n";
    return errors.size() != 60;
}
