Frugal.addClaims('{"board":"chainsaw-offline-2cf258e0","claims":{"0":[3,2,2],"3":[4,1,2]}}');
