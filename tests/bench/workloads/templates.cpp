// (f) What cc1plus is given: headers full of templates, and enough instantiations to make it work.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

template <int N> struct Shape {
    std::map<std::string, std::vector<std::tuple<int, double, std::string>>> rows;
    std::variant<int, double, std::string, Shape<N - 1>> inner;
    std::function<std::string(const Shape &)> print;

    std::string describe() const {
        std::string out;
        for (const auto &[key, values] : rows)
            for (const auto &[a, b, c] : values)
                out += key + std::to_string(a + N) + std::to_string(b) + c;
        return out + std::visit(
                         [](const auto &value) -> std::string {
                             using T = std::decay_t<decltype(value)>;
                             if constexpr (std::is_same_v<T, std::string>)
                                 return value;
                             else if constexpr (std::is_arithmetic_v<T>)
                                 return std::to_string(value);
                             else
                                 return value.describe();
                         },
                         inner);
    }

    void order() {
        for (auto &[key, values] : rows)
            std::sort(values.begin(), values.end(), [](const auto &left, const auto &right) {
                return std::tie(std::get<1>(left), std::get<0>(left)) <
                       std::tie(std::get<1>(right), std::get<0>(right));
            });
    }
};

template <> struct Shape<0> {
    std::string describe() const { return "end"; }
};

template <int... Ns> std::string all(std::integer_sequence<int, Ns...>) {
    std::string out;
    ((out += Shape<Ns + 1>{}.describe()), ...);
    std::tuple<Shape<Ns + 1>...> shapes;
    std::apply([](auto &...shape) { (shape.order(), ...); }, shapes);
    return out;
}

} // namespace

int main(int argc, char **argv) {
    std::regex word("([a-z]+)([0-9]*)", std::regex::icase);
    std::unordered_map<std::string, std::set<int>> found;
    for (int i = 1; i < argc; i++) {
        std::string text = argv[i];
        for (std::sregex_iterator match(text.begin(), text.end(), word), end; match != end; ++match)
            found[(*match)[1]].insert(i);
    }
    for (const auto &[key, lines] : found)
        std::cout << key << ' ' << lines.size() << '\n';
    std::cout << all(std::make_integer_sequence<int, 6>()) << '\n';
}
