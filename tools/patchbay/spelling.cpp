#include "patchbay/spelling.h"

#include <algorithm>
#include <cctype>

namespace patchbay::runner {

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return result;
}

/// How many letters have to be changed, added, dropped or swapped with their neighbour: the optimal
/// string alignment distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost.back().back();
}

}  // namespace

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kMost = 2;
  std::optional<std::string> best;
  std::size_t best_distance = std::min(kMost, (word.size() - 1) / 2) + 1;
  for (const std::string& candidate : known) {
    const std::size_t differences = distance(lower(word), lower(candidate));
    if (differences < best_distance) {
      best = candidate;
      best_distance = differences;
    }
  }
  return best;
}

}  // namespace patchbay::runner
