/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points that start as root and drop: scripts as the official images have them, and those that only look alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scan/script.h"

static struct pl_arena arena;

static const char *variable(void *context, const char *name, size_t n)
{
	(void)context;
	return n == 8 && !memcmp(name, "APP_USER", 8) ? "shop" : NULL;
}

/* "tool user line", with "?" for a user that cannot be read off; "-" when nothing drops. */
static const char *in_script(const char *text)
{
	static char out[128];
	struct pl_drop_call call;

	if (!pl_drop_in_script(text, strlen(text), variable, NULL, &arena, &call))
		return "-";
	snprintf(out, sizeof(out), "%s %s %u", call.tool, call.spec ? call.spec : "?", call.line);
	return out;
}

static void scripts(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "-" },
		{ "#!/bin/sh\nexec \"$@\"\n", "-" },
		{ "#!/bin/sh\nexec gosu postgres \"$@\"\n", "gosu postgres 2" },
		{ "#!/bin/sh\nexec /usr/local/bin/su-exec redis:redis \"$@\"\n", "su-exec redis:redis 2" },
		{ "if [ \"$(id -u)\" = '0' ]; then\n\tchown -R redis .\n\texec gosu redis \"$0\" \"$@\"\nfi\n",
		  "gosu redis 3" },
		{ "if [ \"$1\" = x ] && [ \"$(id -u)\" = 0 ]; then find . -exec chown app '{}' +; exec gosu app "
		  "\"$0\"; fi",
		  "gosu app 1" },
		{ "# exec gosu app x\necho gosu app\n", "-" },
		{ "echo 'gosu app'; x=gosu; which gosu", "-" },
		{ "gosu root x", "-" },
		{ "exec gosu 0:0 x\nexec gosu app x", "gosu app 2" },
		{ "exec \\\n\tgosu \\\n\tapp x", "gosu app 2" },
		{ "exec setpriv --reuid=app --regid=app --init-groups \"$@\"", "setpriv app 1" },
		{ "exec setpriv --reuid 1000 --clear-groups -- x", "setpriv 1000 1" },
		{ "exec s6-setuidgid www x", "s6-setuidgid www 1" },
		{ "exec chpst -u www:web x", "chpst www:web 1" },
		{ "exec chpst -uwww x", "chpst www 1" },
		{ "su - app -c x", "su app 1" },
		{ "su -s /bin/sh", "-" },
		{ "su -s /bin/sh app -c x", "su app 1" },
		{ "su", "-" },
		{ "exec runuser -u app -- x", "runuser app 1" },
		{ "sudo apt-get update", "-" },
		{ "sudo -u app x", "sudo app 1" },
		{ "chroot --userspec=app / x", "chroot app 1" },
		{ "chroot /x sh", "-" },
		{ "exec start-stop-daemon --start --chuid app --exec x", "start-stop-daemon app 1" },
		{ "exec gosu \"$USER_OF_THE_DAY\" x", "gosu ? 1" },
		{ "exec gosu \"$APP_USER\" x", "gosu shop 1" },
		{ "exec gosu ${APP_USER} x", "gosu shop 1" },
		{ "exec gosu \"${UNSET:-web}\" x", "gosu web 1" },
		{ "exec gosu `whoami` x", "gosu ? 1" },
		{ "HOME=/x LANG=C exec env A=b gosu app x", "gosu app 1" },
		{ "true && gosu app x", "gosu app 1" },
		{ "(gosu app x)", "gosu app 1" },
		{ "exec gosu 'a b' x", "gosu a b 1" },
		{ "exec gosu app\\", "gosu app\\ 1" },
		{ "exec gosu \"app", "gosu app 1" },
		{ "exec gosu ${", "gosu ? 1" },
		{ "$", "-" },
		{ "exec gosu", "gosu ? 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(in_script(rows[i].text), rows[i].expected);
}

static void a_script_cut_anywhere_is_read(void **state)
{
	static const char text[] = "#!/bin/sh\nset -e\nif [ \"$(id -u)\" = '0' ]; then\n exec gosu \"${APP_USER:-x}\" "
				   "\"$0\" \\\n \"$@\"\nfi\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct pl_drop_call call;

		(void)pl_drop_in_script(text, n, variable, NULL, &arena, &call);
	}
}

static void argument_lists(void **state)
{
	static const char *const gosu[] = { "/usr/sbin/gosu", "app", "x" };
	static const char *const none[] = { "/bin/app", "gosu", "app" };
	static const char *const root[] = { "gosu", "root", "x" };
	struct pl_drop_call call;

	(void)state;
	assert_true(pl_drop_in_argv(gosu, 3, &arena, &call));
	assert_string_equal(call.tool, "gosu");
	assert_string_equal(call.spec, "app");
	assert_false(pl_drop_in_argv(none, 3, &arena, &call));
	assert_false(pl_drop_in_argv(root, 3, &arena, &call));
	assert_false(pl_drop_in_argv(none, 0, &arena, &call));
}

static void inits_are_looked_through(void **state)
{
	static const char *const plain[] = { "/sbin/tini", "--", "x", "y" };
	static const char *const options[] = { "tini", "-g", "-e", "143", "x" };
	static const char *const dumb[] = { "/usr/bin/dumb-init", "x" };
	static const char *const other[] = { "/app", "--", "x" };

	(void)state;
	assert_int_equal(pl_init_arguments(plain, 4), 2);
	assert_int_equal(pl_init_arguments(options, 5), 4);
	assert_int_equal(pl_init_arguments(dumb, 2), 1);
	assert_int_equal(pl_init_arguments(other, 3), 0);
	assert_int_equal(pl_init_arguments(plain, 1), 1);
	assert_int_equal(pl_init_arguments(plain, 0), 0);
}

static void daemons(void **state)
{
	(void)state;
	assert_true(pl_is_dropping_daemon("/usr/sbin/nginx"));
	assert_false(pl_is_dropping_daemon("/usr/sbin/nginx-debug-tool"));
}

static int setup(void **state)
{
	(void)state;
	pl_arena_init(&arena, (size_t)1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts),        cmocka_unit_test(a_script_cut_anywhere_is_read),
		cmocka_unit_test(argument_lists), cmocka_unit_test(inits_are_looked_through),
		cmocka_unit_test(daemons),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
