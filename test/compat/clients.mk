# What test/compat/clients-* need besides packages: the Node clients and the Go client.
CLIENTS := $(BUILD)/test/compat/clients
COMPAT_PROGRAMS += $(CLIENTS)/installed $(CLIENTS)/stack-go

$(CLIENTS)/installed: $(addprefix test/compat/clients/,package.json package-lock.json)
	@mkdir -p $(@D)
	@echo "  NPM $(@D)/node_modules"
	@cp $^ $(@D)/
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 || \
	    { cat npm.log; echo "npm could not install the clients" >&2; false; }
	@touch $@

# Debian has the client's source below /usr/share/gocode, as modules were before there were any.
$(CLIENTS)/stack-go: test/compat/clients/stack.go
	@mkdir -p $(@D)
	@echo "  GO $@"
	@GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(abspath $(@D))/go-cache GOFLAGS= \
	    CGO_ENABLED=0 go build -o $@ $<
