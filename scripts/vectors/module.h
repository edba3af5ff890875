/* What makes an object a module. */
#define MODULE(name)                                                                       \
	static const char modinfo_name[]                                                   \
		__attribute__((section(".modinfo"), used)) = "name=" name;                 \
	static const char modinfo_vermagic[]                                               \
		__attribute__((section(".modinfo"), used)) =                               \
			"vermagic=5.15.12-1-default SMP preempt mod_unload modversions ";
