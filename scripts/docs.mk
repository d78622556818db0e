# The manual page of the configuration, made from its template and the tables of mainstayd. It is
# in the repository, so that an install needs no Python; test/scenario/015-docs compares.

.PHONY: man
man: $(BUILD)/mainstayd ## makes man/mainstay.conf.5 anew, after a change of its template or of a key
	@scripts/gen-docs $(BUILD)/mainstayd <man/mainstay.conf.5.in >$(BUILD)/mainstay.conf.5
	@mv $(BUILD)/mainstay.conf.5 man/mainstay.conf.5

# What `journalctl -x` explains, from supervisor/output/catalog.c.
.PHONY: catalog
catalog: $(BUILD)/mainstayd ## makes units/mainstay.catalog anew, after a change of its table
	@$(BUILD)/mainstayd --catalog >$(BUILD)/mainstay.catalog
	@mv $(BUILD)/mainstay.catalog units/mainstay.catalog
