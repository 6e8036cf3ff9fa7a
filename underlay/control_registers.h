void underlay_choose_owned_bits(struct vcpu *vcpu);
