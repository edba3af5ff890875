/* Parses a base BTF and every split BTF of a folder on it with libbpf, and nothing else: the physical limit. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	libbpf_set_print(quiet);
	struct btf *base = btf__parse_raw(argv[1]);
	DIR *folder = opendir(argv[2]);
	if (!base || !folder)
		return 2;
	int parsed = 0, refused = 0;
	struct dirent *entry;
	while ((entry = readdir(folder))) {
		const char *dot = strrchr(entry->d_name, '.');
		char path[4096];
		if (!dot || strcmp(dot, ".btf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[2], entry->d_name);
		struct btf *split = btf__parse_raw_split(path, base);
		if (libbpf_get_error(split)) {
			refused++;
		} else {
			parsed++;
			btf__free(split);
		}
	}
	closedir(folder);
	btf__free(base);
	printf("%d parsed, %d refused\n", parsed, refused);
	return 0;
}
