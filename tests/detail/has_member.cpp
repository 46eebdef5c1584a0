// SPDX-License-Identifier: MIT
#include <afd/detail/has_member.hpp>
//
#include <string>

#include "support/doctest.hpp"

namespace has_member_test {

struct Nothing {};
struct Similar {
  int views() const { return 0; }
  int viewer = 0;
};
struct Plain {
  int view(int given) const { return given; }
};
struct Overloaded {
  int view(int given) const { return given; }
  std::string view(const std::string& given) const { return given; }
};
struct Templated {
  template <class T>
  T view(const T& given) const {
    return given;
  }
};
struct Static {
  static int view() { return 1; }
};
struct Data {
  int view = 0;
};
struct Type {
  using view = int;
};
class Private {
  [[maybe_unused]] int view() const { return 0; }
};
struct Inherited : Templated {};
struct Deep : Inherited, Similar {};
struct Final final {
  int view(int given) const { return given; }
};
struct Abstract {
  virtual ~Abstract() = default;
  virtual int view() const = 0;
};
struct NotDefault {
  explicit NotDefault(int&) {}
  int view() const { return 0; }
};
union Union {
  int view;
};
enum class Enum { view };

struct AllOthers {
  void loss() {}
  template <class T>
  void group_loss(T) {}
  int make_edge = 0;
  void check() const {}
  void check_values() const {}
  static void ensemble() {}
};

}  // namespace has_member_test

TEST_SUITE_BEGIN("detail");

using namespace has_member_test;
using afd::detail::HasViewMember;

TEST_CASE("a member is found by its name, whatever it is") {
  CHECK(HasViewMember<Plain>);
  CHECK(HasViewMember<Overloaded>);
  CHECK(HasViewMember<Templated>);
  CHECK(HasViewMember<Static>);
  CHECK(HasViewMember<Data>);
  CHECK(HasViewMember<Type>);
  CHECK(HasViewMember<Private>);
  CHECK(HasViewMember<Inherited>);
  CHECK(HasViewMember<Deep>);
  CHECK(HasViewMember<Abstract>);
  CHECK(HasViewMember<NotDefault>);
}

TEST_CASE("another name is none, and what cannot be inherited from is not looked into") {
  CHECK_FALSE(HasViewMember<Nothing>);
  CHECK_FALSE(HasViewMember<Similar>);
  CHECK_FALSE(HasViewMember<AllOthers>);
  CHECK_FALSE(HasViewMember<Final>);
  CHECK_FALSE(HasViewMember<Union>);
  CHECK_FALSE(HasViewMember<Enum>);
  CHECK_FALSE(HasViewMember<int>);
  CHECK_FALSE(HasViewMember<Plain*>);
}

TEST_CASE("each name is a question of its own") {
  using namespace afd::detail;
  CHECK((HasLossMember<AllOthers> && !HasLossMember<Plain>));
  CHECK((HasGroupLossMember<AllOthers> && !HasGroupLossMember<Plain>));
  CHECK((HasMakeEdgeMember<AllOthers> && !HasMakeEdgeMember<Plain>));
  CHECK((HasCheckMember<AllOthers> && !HasCheckMember<Plain>));
  CHECK((HasCheckValuesMember<AllOthers> && !HasCheckValuesMember<Plain>));
  CHECK((HasEnsembleMember<AllOthers> && !HasEnsembleMember<Plain>));

  struct OnlyCheck {
    void check() {}
  };
  struct OnlyGroupLoss {
    void group_loss() {}
  };
  CHECK((HasCheckMember<OnlyCheck> && !HasCheckValuesMember<OnlyCheck>));
  CHECK((HasGroupLossMember<OnlyGroupLoss> && !HasLossMember<OnlyGroupLoss>));
}

TEST_SUITE_END();
